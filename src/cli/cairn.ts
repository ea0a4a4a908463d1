#!/usr/bin/env node
import { CairnError } from "../model/errors.ts";
import { ADVICE } from "./advice.ts";
import { type Command, UsageError } from "./command.ts";

/** Every command, loaded when it is the one that is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import("./commands/dev.ts")).devCommand,
  list: async () => (await import("./commands/list.ts")).listCommand,
  show: async () => (await import("./commands/show.ts")).showCommand,
  checkpoints: async () => (await import("./commands/checkpoints.ts")).checkpointsCommand,
  diff: async () => (await import("./commands/diff.ts")).diffCommand,
  rollback: async () => (await import("./commands/rollback.ts")).rollbackCommand,
  recover: async () => (await import("./commands/recover.ts")).recoverCommand,
  fork: async () => (await import("./commands/fork.ts")).forkCommand,
  resume: async () => (await import("./commands/resume.ts")).resumeCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  sweep: async () => (await import("./commands/sweep.ts")).sweepCommand,
  metrics: async () => (await import("./commands/metrics.ts")).metricsCommand,
  alerts: async () => (await import("./commands/alerts.ts")).alertsCommand,
  exec: async () => (await import("./commands/exec.ts")).execCommand,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  import: async () => (await import("./commands/import.ts")).importCommand,
  keys: async () => (await import("./commands/keys.ts")).keysCommand,
  cost: async () => (await import("./commands/cost.ts")).costCommand,
  migrate: async () => (await import("./commands/migrate.ts")).migrateCommand,
};

/** `cairn <command> [options]`; ends with 0, with 1 when the command failed, with 2 when it was called wrongly. */
async function main([name = "", ...words]: string[]): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    const known = Object.keys(COMMANDS).join(", ");
    const asked = ["", "help", "--help", "-h"].includes(name);
    const text = `Usage: cairn <command> [options]\nCommands: ${known}. \`cairn <command> --help\` says more.`;
    if (asked) console.log(text);
    else console.error(`cairn: there is no command "${name}".\n${text}`);
    return name === "" || !asked ? 2 : 0;
  }
  const command = await load();
  // Behind "--" are the words of another program.
  if (own(words).includes("--help")) {
    console.log(command.help);
    return 0;
  }
  return run(command, words);
}

async function run(command: Command, words: string[]): Promise<number> {
  try {
    const printed = await command.run(words);
    if (printed !== null) console.log(printed);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`cairn: ${error.message}\n\n${command.help}`);
      return 2;
    }
    if (!(error instanceof CairnError)) throw error;
    console.error(explain(error, own(words).includes("--json")));
    return 1;
  }
}

function own(words: string[]): string[] {
  return words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
}

/** What happened, why, and what to do. */
function explain({ code, message }: CairnError, asJson: boolean): string {
  const advice = ADVICE[code];
  if (asJson) return JSON.stringify({ error: { code, message, ...(advice && { advice }) } });
  return `cairn: ${message} (${code})${advice ? `\n${advice}` : ""}`;
}

process.exitCode = await main(process.argv.slice(2));

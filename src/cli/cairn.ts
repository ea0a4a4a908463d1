import { CairnError } from "../model/errors.ts";
import { type Command, UsageError } from "./command.ts";

/** Every command, loaded when it is the one that is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  export: async () => (await import("./commands/export.ts")).exportCommand,
  import: async () => (await import("./commands/import.ts")).importCommand,
  migrate: async () => (await import("./commands/migrate.ts")).migrateCommand,
};

/** `cairn <command> [options]`; ends with 0, with 1 when the command failed, with 2 when it was called wrongly. */
async function main([name = "", ...words]: string[]): Promise<number> {
  const load = COMMANDS[name];
  if (!load) {
    const known = Object.keys(COMMANDS).join(", ");
    const asked = ["", "help", "--help", "-h"].includes(name);
    const text = `Usage: cairn <command> [options]\nCommands: ${known}. \`cairn <command> --help\` says more.`;
    if (asked) console.log(text);
    else console.error(`cairn: there is no command "${name}".\n${text}`);
    return name === "" || !asked ? 2 : 0;
  }
  const command = await load();
  if (words.includes("--help")) {
    console.log(command.help);
    return 0;
  }
  return run(command, words);
}

async function run(command: Command, words: string[]): Promise<number> {
  try {
    console.log(await command.run(words));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`cairn: ${error.message}\n\n${command.help}`);
      return 2;
    }
    if (!(error instanceof CairnError)) throw error;
    console.error(`cairn: ${error.message} (${error.code})`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));

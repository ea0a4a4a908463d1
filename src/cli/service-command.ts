import type { ParseArgsConfig } from "node:util";
import type { Cairn } from "../client/cairn.ts";
import { CheckpointId, DiffTarget, PipelineId } from "../model/names.ts";
import { type Command, readAllWords, UsageError } from "./command.ts";
import { type Progress, progressOn } from "./progress.ts";
import { asCairnError, clientAt, SERVICE_HELP, SERVICE_OPTIONS } from "./service.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = ReturnType<typeof readAllWords<T>>["values"];

/** What a command found out: for programs, and for people. */
export interface Answer {
  json: unknown;
  text: string;
  /** What was asked for is not so: the command ends with 1. */
  isBad?: boolean;
}

/** A command that calls a service. */
export interface ServiceCommand<T extends Options> {
  /** Its name and its words, those that may be left out in brackets: `diff PIPELINE FROM [TO]`. */
  usage: string;
  about: string;
  options?: T;
  /** A line for each of its options. */
  optionHelp?: string;
  run(call: {
    cairn: Cairn;
    /** Those left out are `""`. */
    words: string[];
    options: Values<T>;
    progress: Progress;
  }): Promise<Answer>;
}

/** What a word in a usage must be. */
const WORDS: Readonly<Record<string, typeof PipelineId>> = {
  PIPELINE: PipelineId,
  NEW: PipelineId,
  CHECKPOINT: CheckpointId,
  FROM: CheckpointId,
  TO: DiffTarget,
};

const JSON_OPTION = { json: { type: "boolean", default: false } } as const;

export function serviceCommand<T extends Options = Record<never, never>>(
  command: ServiceCommand<T>,
): Command {
  const { usage, about, options = {} as T, optionHelp } = command;
  const ownHelp = optionHelp === undefined ? "" : `${optionHelp}\n`;
  return {
    help: `Usage: cairn ${usage} [options]\n\n${about}\n\n${ownHelp}  --json       print JSON\n${SERVICE_HELP}`,
    async run(given) {
      const all = { ...options, ...JSON_OPTION, ...SERVICE_OPTIONS };
      const { values, positionals } = readAllWords(given, all);
      const words = checkedWords(usage, positionals);
      const { json, ...place } = values as { json: boolean; url: string; "api-key": string };
      const cairn = clientAt(place);
      const progress = progressOn(process.stderr);
      const call = { cairn, words, options: values as Values<T>, progress };
      const answer = await command
        .run(call)
        .catch(asCairnError)
        .finally(() => progress.end());
      if (answer.isBad) process.exitCode = 1;
      return json ? JSON.stringify(answer.json) : answer.text;
    },
  };
}

/** @throws UsageError */
function checkedWords(usage: string, given: string[]): string[] {
  const names = usage.split(" ").filter((word) => /^\[?[A-Z]+\]?$/.test(word));
  if (given.length > names.length) throw new UsageError(`what is "${given[names.length]}" for?`);
  return names.map((name, at) => {
    const [word = "", isOptional] = [given[at], name.startsWith("[")];
    if (word === "" && isOptional) return word;
    const bare = name.replace(/[[\]]/g, "");
    if (word === "") throw new UsageError(`which ${bare}?`);
    const checked = WORDS[bare]?.().safeParse(word);
    if (checked?.success === false) throw new UsageError(`${bare} is ${checked.error.issues[0]!.message}.`);
    return word;
  });
}

/** @throws UsageError */
export function numberOption(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`--${name} is a whole number from ${least} on.`);
}

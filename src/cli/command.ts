import { type ParseArgsConfig, parseArgs } from "node:util";

/** One command of the CLI. */
export interface Command {
  help: string;
  /**
   * @param words what follows the command's name
   * @returns what is printed; null: nothing
   * @throws UsageError, CairnError
   */
  run(words: string[]): Promise<string | null>;
}

/** The command was called wrongly: the message says how, its help is shown below. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `parseArgs` without positional words. @throws UsageError */
export function readOptions<T extends NonNullable<ParseArgsConfig["options"]>>(words: string[], options: T) {
  return readWords(words, options, false).values;
}

/** `parseArgs` with one positional word; it is empty when there is none. @throws UsageError */
export function readArguments<T extends NonNullable<ParseArgsConfig["options"]>>(
  words: string[],
  options: T,
) {
  const { values, positionals } = readWords(words, options, true);
  const [word = "", ...more] = positionals;
  if (more.length > 0) throw new UsageError(`what is "${more[0]}" for?`);
  return { word, values };
}

/** `parseArgs` with any number of positional words. @throws UsageError */
export function readAllWords<T extends NonNullable<ParseArgsConfig["options"]>>(words: string[], options: T) {
  return readWords(words, options, true);
}

function readWords<T extends NonNullable<ParseArgsConfig["options"]>>(
  words: string[],
  options: T,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({ args: words, options, strict: true, allowPositionals });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

import { type ParseArgsConfig, parseArgs } from "node:util";

/** One command of the CLI. */
export interface Command {
  help: string;
  /**
   * @param words what follows the command's name
   * @returns what is printed
   * @throws UsageError, CairnError
   */
  run(words: string[]): Promise<string>;
}

/** The command was called wrongly: the message says how, its help is shown below. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `parseArgs` without positional words. @throws UsageError */
export function readOptions<T extends NonNullable<ParseArgsConfig["options"]>>(words: string[], options: T) {
  try {
    return parseArgs({ args: words, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";

/**
 * For what lists many pipelines: one record that is damaged, or written by a later release, is left out and
 * reported, for it must not keep the others from being found.
 *
 * @returns for `catch`: an empty list, or it throws what is another failure
 */
export function leaveOut(key: PipelineKey): (error: unknown) => [] {
  return (error) => {
    if (!(error instanceof CairnError)) throw error;
    if (error.code !== "unrecoverable" && error.code !== "unsupported_format") throw error;
    report("unreadable_record", key, { code: error.code });
    return [];
  };
}

/** The same for what is decoded at once. */
export function readable<T>(key: PipelineKey, read: () => T): T[] {
  try {
    return [read()];
  } catch (error) {
    return leaveOut(key)(error);
  }
}

/** One line of JSON for the operator's log: what is wrong in the store with whose record, never its content. */
export function report(event: string, key: PipelineKey, facts: Record<string, string | number>): void {
  console.error(JSON.stringify({ level: "error", event, ...key, ...facts }));
}

import type { Policy } from "../model/pipeline.ts";
import { invalidArgument } from "./errors.ts";
import { type TaskFacts, taskHeader } from "./task.ts";

/** What every call that changes something takes. */
export interface WriteOptions {
  /** Of the lease; needed while one is live. */
  fence?: number | undefined;
  /** The same key is applied once, however often it is sent. @default a new one for every call */
  idempotencyKey?: string | undefined;
  /** Stops waiting. Whether the change was made is then unknown. */
  signal?: AbortSignal | undefined;
}

export interface SaveOptions extends WriteOptions {
  /** Only over this version; `"*"`: over any, but not as the first one. @default the last writer wins */
  ifMatch?: number | "*" | undefined;
  /** Only as the first version; a deleted pipeline starts anew. */
  ifNoneMatch?: "*" | undefined;
  /** Whether a checkpoint is made in the same step; `auto`: as the pipeline's policy says. @default "never" */
  checkpoint?: "auto" | "always" | "never" | undefined;
  /** What `auto` decides by where the pipeline was registered with no strategy. @default "adaptive" */
  strategy?: NonNullable<Policy["strategy"]> | undefined;
  /**
   * What becomes of a save over another version than `ifMatch`: it fails, or its JSON is merged with what others have
   * saved since. Where it was, the answer's `sha256` is another, and what is there has to be loaded. @default "fail"
   */
  onConflict?: "fail" | "merge" | undefined;
  /** Of that checkpoint: what it is found by. */
  label?: string | undefined;
  /** The task that the state is the outcome of; of several, the last: the others ended since the last save. */
  task?: TaskFacts | readonly TaskFacts[] | undefined;
}

export interface RegisterOptions extends WriteOptions {
  /** Only when it is not there; a deleted one starts anew. */
  ifNoneMatch?: "*" | undefined;
}

export interface LoadOptions {
  signal?: AbortSignal | undefined;
}

export interface PageOptions extends LoadOptions {
  /** 1 to 500. @default 50 */
  limit?: number | undefined;
  /** Where the last page ended: its `cursor`. */
  cursor?: string | undefined;
}

/** @throws CairnClientError `invalid_argument` */
export function saveHeaders(options: SaveOptions): Record<string, string> {
  const { task } = options;
  return { ...writeHeaders(options), ...(task && { "Cairn-Task": taskHeader(task) }) };
}

/** A write always has a key: it can be sent again when its answer is lost. */
export function writeHeaders({ fence, idempotencyKey }: WriteOptions): Record<string, string> {
  return {
    "Idempotency-Key": idempotencyKey ?? crypto.randomUUID(),
    ...(fence !== undefined && { "Cairn-Fence": String(fence) }),
  };
}

/** An id must not lead to another path: fetch collapses dots before the service sees them. */
export function checkId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id) && !id.includes("..")) return id;
  throw invalidArgument(
    "An id is 1 to 128 letters, digits and . _ -, a letter or digit first, no two dots in a row.",
  );
}

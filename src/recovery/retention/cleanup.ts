import type { PipelineKey } from "../../model/ids.ts";
import type { Caller, Core } from "../../state/core.ts";
import { pruneAs } from "./prune.ts";

export interface CleanupOptions extends Caller {
  /** Keep at least this many, the newest. @default 100 */
  keepLast?: number;
  /** Delete only what is older than so many seconds. @default 0 */
  olderThanSeconds?: number;
}

/**
 * Deletes old checkpoints of a pipeline, by these two rules instead of its retention. What recovery rests on always
 * stays: the newest checkpoint of a state that verifies, read back before anything goes, and the newest such one
 * that does not share a frame with it (design invariant 9).
 *
 * @throws CairnError what every write throws
 */
export function cleanup(
  core: Core,
  key: PipelineKey,
  { keepLast = 100, olderThanSeconds = 0, ...caller }: CleanupOptions,
): Promise<{ deleted: number; replayed: boolean }> {
  return pruneAs(core, key, { keepLast, keepForSeconds: olderThanSeconds }, caller);
}

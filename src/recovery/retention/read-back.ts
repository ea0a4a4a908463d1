import { chainOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { readContent } from "../../state/read.ts";
import type { Damaged } from "../../state/recovery-point.ts";

/** What recovery rests on while others go. */
export interface ReadBack {
  /**
   * The newest checkpoint of the state that was just read from the store and verifies, and the newest such one of an
   * earlier chain: one damaged frame must not cost everything. None when none verifies.
   */
  whole: CheckpointRecord[];
  /** Those met on the way that do not verify. */
  damaged: Damaged[];
}

/** Ids that an earlier try of the same call has read, and found whole. A checkpoint never changes. */
export type Known = Set<string>;

/** @param newestFirst all checkpoints of the pipeline */
export async function readBack(
  core: Core,
  key: PipelineKey,
  newestFirst: readonly CheckpointRecord[],
  known: Known,
): Promise<ReadBack> {
  const found: ReadBack = { whole: [], damaged: [] };
  for (const record of restedOn(newestFirst)) {
    const [first] = found.whole;
    if (first && chainOf(first.frame) === chainOf(record.frame)) continue;
    const problem = known.has(record.checkpointId) ? null : await problemOf(core, key, record);
    if (problem !== null) found.damaged.push({ checkpointId: record.checkpointId, problem });
    else {
      known.add(record.checkpointId);
      found.whole.push(record);
    }
    if (found.whole.length === 2) break;
  }
  return found;
}

/** Checkpoints of the state; of a pipeline that has none of these, data that was given. */
function restedOn(records: readonly CheckpointRecord[]): CheckpointRecord[] {
  const states = records.filter(({ source }) => source === "state");
  return (states.length > 0 ? states : records).filter(({ quarantinedAt }) => quarantinedAt === null);
}

async function problemOf(core: Core, key: PipelineKey, record: CheckpointRecord): Promise<string | null> {
  const decoded = await readContent(core, key, record, { thorough: true });
  return decoded.ok ? null : decoded.problem;
}

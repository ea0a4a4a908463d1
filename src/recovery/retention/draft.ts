import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { FrameRef } from "../../model/frame.ts";
import { type Head, statesOf } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Retention } from "../../model/pipeline.ts";
import { everyCheckpoint } from "../../state/checkpoints.ts";
import type { Core } from "../../state/core.ts";
import { requireLiving } from "../../state/read.ts";
import type { Damaged } from "../../state/recovery-point.ts";
import { type DropReason, type Plan, toDrop } from "./plan.ts";
import { type Known, readBack } from "./read-back.ts";

export interface Dropped {
  record: CheckpointRecord;
  reason: DropReason;
}

/** What a prune would do to a pipeline as it is at this head. */
export interface Draft {
  head: Head;
  /** Newest first. */
  drop: Dropped[];
  kept: CheckpointRecord[];
  /** Found by reading back, and not quarantined yet. */
  damaged: Damaged[];
  /** Frames of the versions that the head names. */
  held: FrameRef[];
}

/** Reads what there is, and plans. Only what would let something go is read back. */
export async function draft(
  core: Core,
  key: PipelineKey,
  options: { retention?: Retention; now: number; known: Known },
): Promise<Draft> {
  const { now, known } = options;
  const head = await requireLiving(core, key);
  const { retention = head.retention } = options;
  const records: CheckpointRecord[] = [];
  for await (const record of everyCheckpoint(core, key)) records.push(record);
  const held = statesOf(head).map(({ frame }) => frame);
  const drafted = (plan: Pick<Plan, "drop">, damaged: Damaged[] = []): Draft => {
    const reasons = new Map(plan.drop.map(({ checkpointId, reason }) => [checkpointId, reason]));
    const drop = records.flatMap((record) => {
      const reason = reasons.get(record.checkpointId);
      return reason ? [{ record, reason }] : [];
    });
    const kept = records.filter(({ checkpointId }) => !reasons.has(checkpointId));
    return { head, drop, kept, damaged, held };
  };
  if (toDrop(records, retention, { now, held }).drop.length === 0) return drafted({ drop: [] });
  const { whole, damaged } = await readBack(core, key, records, known);
  if (whole.length === 0) return drafted({ drop: [] });
  const verify = new Set(whole.map(({ checkpointId }) => checkpointId));
  return drafted(toDrop(marked(records, damaged, now), retention, { now, verify, held }), damaged);
}

/** As the records will be, once those found damaged are quarantined. */
function marked(records: readonly CheckpointRecord[], damaged: readonly Damaged[], now: number) {
  const bad = new Set(damaged.map(({ checkpointId }) => checkpointId));
  const quarantinedAt = new Date(now).toISOString();
  return records.map((record) => (bad.has(record.checkpointId) ? { ...record, quarantinedAt } : record));
}

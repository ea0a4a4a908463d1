import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { sendOwn } from "../../state/commit.ts";
import { type Core, loadHead } from "../../state/core.ts";
import { readContent } from "../../state/read.ts";
import { quarantine, quarantineEvents } from "../../state/restore.ts";

/** `gone`: it was deleted, or its pipeline moves on faster than it can be looked at. */
export type Found = "held" | "damaged" | "gone";

/** So often is it looked at again when others write at the same time. */
const TRIES = 3;

/** Reads a checkpoint end to end, past all that is remembered of it. What is damaged is quarantined. */
export async function readBack(core: Core, key: PipelineKey, record: CheckpointRecord): Promise<Found> {
  const decoded = await readContent(core, key, record, { thorough: true });
  return decoded.ok ? "held" : confirmed(core, key, record.checkpointId);
}

/** Only what repeats under an unchanged revision is damage: retention may have taken it meanwhile. */
async function confirmed(core: Core, key: PipelineKey, checkpointId: string): Promise<Found> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const head = await loadHead(core, key);
    const record = head && !head.deleted ? await core.backend.checkpoint(key, checkpointId) : null;
    if (!head || !record) return "gone";
    if (record.quarantinedAt !== null) return "damaged";
    const decoded = await readContent(core, key, record, { thorough: true });
    if (decoded.ok) return "held";
    const damaged = [{ checkpointId, problem: decoded.problem }];
    const effects = { ...quarantine(damaged), events: quarantineEvents(damaged) };
    const { fence, revision } = head;
    if (await sendOwn(core, key, { fence, revision }, effects)) return "damaged";
  }
  return "gone";
}

/** Says in the store that they were read and are whole. Whether it lands matters little: the next pass says so again. */
export async function vouchAll(
  core: Core,
  key: PipelineKey,
  fence: number,
  records: readonly CheckpointRecord[],
): Promise<void> {
  const unread = records.filter(({ verified }) => !verified);
  if (unread.length === 0) return;
  const checkpoints = new Map(unread.map(({ checkpointId }) => [checkpointId, "verify" as const]));
  await sendOwn(core, key, { fence }, { checkpoints }).catch(() => null);
}

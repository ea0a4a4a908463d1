import type { Effects } from "../../backends/types.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { tryState } from "../../state/read.ts";
import { newestCheckpoint } from "../../state/recovery-point.ts";
import { quarantine, quarantineEvents } from "../../state/restore.ts";

/** Larger states are read by whoever resumes them. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Reads the recovery point of a pipeline that was interrupted, before its owner is told.
 *
 * @returns what is to be put on record about damage, with the revision it was found at; null when there is none
 */
export async function findDamage(
  core: Core,
  key: PipelineKey,
  { state }: Head,
): Promise<{ head: Head; effects: Effects } | null> {
  if (!state || state.bytes > MOST_BYTES) return null;
  const found = await tryState(core, key, { thorough: true });
  if (found.ok) return null;
  const { damaged } = await newestCheckpoint(core, key, () => true);
  const events = [{ type: "quarantined" as const, detail: found.problem }, ...quarantineEvents(damaged)];
  return { head: found.head, effects: { ...quarantine(damaged), events } };
}

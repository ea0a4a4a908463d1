import type { Effects, NewState } from "../backends/types.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { EventDraft } from "../model/event.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { findCheckpoint } from "../state/checkpoints.ts";
import { type Committed, replayOf } from "../state/commit.ts";
import type { Caller, Core } from "../state/core.ts";
import { requireLiving } from "../state/read.ts";
import { type Damaged, newestCheckpoint, type RecoveryPoint, readPoint } from "../state/recovery-point.ts";
import { quarantine, quarantineEvents, restoredState } from "../state/restore.ts";
import { envelope, writeAtRevision } from "../state/write.ts";
import { withParts } from "./parts.ts";

export interface Restored {
  version: number;
  /** What the new version holds. */
  checkpointId: string;
  bytes: number;
  storedBytes: number;
  sha256: string;
  contentType: string;
  savedAt: string;
  /** Checkpoints met on the way that did not verify. */
  quarantined: Damaged[];
  replayed: boolean;
}

export interface RecoverTarget {
  checkpointId?: string;
  /** JSON Pointers: only these parts are taken from the checkpoint, into the state as it is. */
  select?: readonly string[];
  /** Of the state that selected parts make. @default no limit */
  maxBytes?: number;
}

/**
 * Sets the state to the newest checkpoint that verifies, or to the one named, as a new version: whole, or with
 * `select` only these parts of it (see `recoverParts`).
 *
 * @throws CairnError `unrecoverable` when none verifies, or when parts are to go into a state that is damaged;
 *   `select_failed`, `not_json`, `too_large`: then nothing is written
 */
export function recover(
  core: Core,
  key: PipelineKey,
  { checkpointId, select, maxBytes }: RecoverTarget,
  caller: Caller,
): Promise<Restored> {
  const request = ["recover", checkpointId ?? null, ...(select ? [select] : [])];
  const choose = () =>
    checkpointId === undefined ? newestCheckpoint(core, key, () => true) : named(core, key, checkpointId);
  const make: Make | undefined =
    select && ((point, writeId) => withParts(core, key, writeId, point, { select, maxBytes }));
  return restore(core, key, request, caller, "recovered", choose, make);
}

/**
 * Sets the state to an earlier checkpoint, as a new version: the one named, or `steps` (default 1) back. Going
 * back again goes further back: a restored state counts as being at the version it was restored from.
 */
export function rollback(
  core: Core,
  key: PipelineKey,
  target: { checkpointId?: string; steps?: number },
  caller: Caller,
): Promise<Restored> {
  const { checkpointId, steps = 1 } = target;
  const request = ["rollback", checkpointId ?? null, steps];
  return restore(core, key, request, caller, "rolledBack", (head) =>
    checkpointId === undefined ? stepsBack(core, key, head, steps) : named(core, key, checkpointId),
  );
}

/** A new state from a checkpoint, and the revision that it was made at. */
type Make = (point: RecoveryPoint, writeId: string) => Promise<{ revision: number; state: NewState }>;
type Choice = { point: RecoveryPoint | null; damaged: Damaged[] };

async function restore(
  core: Core,
  key: PipelineKey,
  request: readonly unknown[],
  caller: Caller,
  type: EventDraft["type"],
  choose: (head: Head) => Promise<Choice>,
  make?: Make,
): Promise<Restored> {
  const base = await envelope({ key, caller, request, expect: { create: "never" } });
  const committed = await writeAtRevision(core, base, async () => {
    const head = await requireLiving(core, key);
    const replay = replayOf(head, base);
    if (replay) return replay;
    const { point, damaged } = await choose(head);
    if (!point) throw new CairnError("unrecoverable", unrecoverable(damaged));
    const checkpointId = point.checkpointId!;
    const { revision, state } = make
      ? await make(point, base.writeId)
      : {
          revision: head.revision,
          state: await restoredState(core, key, head.version, base.writeId, point),
        };
    const effects: Effects = {
      state,
      ...quarantine(damaged),
      note: { checkpointId, quarantined: damaged.map((each) => ({ ...each })) },
      events: [...quarantineEvents(damaged), { type, checkpointId }],
    };
    return { revision, effects };
  });
  return restoredAnswer(committed);
}

function restoredAnswer({ result, replayed }: Committed): Restored {
  const note = result.note as unknown as Pick<Restored, "checkpointId" | "quarantined">;
  return { version: result.version, savedAt: result.at, ...result.content!, ...note, replayed };
}

async function named(core: Core, key: PipelineKey, checkpointId: string): Promise<Choice> {
  const point = await readPoint(core, key, await findCheckpoint(core, key, checkpointId), checkpointId);
  if (typeof point !== "string") return { point, damaged: [] };
  return { point: null, damaged: [{ checkpointId, problem: point }] };
}

function stepsBack(core: Core, key: PipelineKey, head: Head, steps: number): Promise<Choice> {
  const from = head.state?.restoredFrom?.version ?? head.version;
  let passed = 0;
  const wanted = (record: CheckpointRecord) => record.version < from && ++passed >= steps;
  return newestCheckpoint(core, key, wanted);
}

function unrecoverable(damaged: readonly Damaged[]): string {
  const met = damaged.map(({ problem }) => problem).join("; ");
  return met === "" ? "There is no earlier checkpoint to go back to." : `No checkpoint verifies (${met}).`;
}

import { chainOf, storedBytesOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import { type Head, type StateRecord, statesOf } from "../model/head.ts";
import type { Effects, NewCheckpoint } from "./types.ts";

/** The record of a checkpoint of the state as it is now, or of data given with the call. */
export function makeCheckpoint(head: Head, draft: NewCheckpoint, at: string): CheckpointRecord {
  const { checkpointId, label, metadata, reason, data } = draft;
  const frame = data ? data.frame.ref : head.state!.frame;
  const { contentType, bytes, sha256 } = data ?? head.state!;
  return {
    checkpointId,
    pipelineId: head.pipelineId,
    version: head.version,
    sequence: head.sequence + 1,
    createdAt: at,
    source: data ? "data" : "state",
    ...{ label, metadata, reason, contentType, bytes, sha256 },
    storedBytes: storedBytesOf(frame),
    verified: data ? true : head.state!.verified,
    quarantinedAt: null,
    frame,
  };
}

export function withCheckpoint(head: Head, record: CheckpointRecord | undefined): Head {
  if (!record) return head;
  const next = {
    ...head,
    sequence: record.sequence,
    checkpointCount: head.checkpointCount + 1,
    lastCheckpoint: record,
  };
  return markChains(next, new Set([chainOf(record.frame)]), true);
}

/** Says of the versions in these chains whether a checkpoint names their chain. */
function markChains(head: Head, chains: ReadonlySet<string>, checkpointed: boolean): Head {
  const mark = (state: StateRecord): StateRecord =>
    chains.has(chainOf(state.frame)) ? { ...state, checkpointed } : state;
  return { ...head, state: head.state && mark(head.state), history: head.history.map(mark) };
}

interface Dropped {
  head: Head;
  changed: CheckpointRecord[];
  dropped: CheckpointRecord[];
}

/** Takes checkpoints away or marks them damaged or whole, and says which chains nothing names any more. */
export function dropCheckpoints(
  head: Head,
  checkpoints: readonly CheckpointRecord[],
  effects: Effects,
  at: string,
  released: string[],
): Dropped {
  const wanted = effects.checkpoints;
  if (!wanted) return { head, changed: [], dropped: [] };
  const dropped = checkpoints.filter((record) => wanted.get(record.checkpointId) === "drop");
  const changed = checkpoints.flatMap((record) => changedBy(record, wanted.get(record.checkpointId), at));
  const left = checkpoints
    .filter((record) => !dropped.includes(record))
    .map((record) => changed.find((other) => other.checkpointId === record.checkpointId) ?? record);
  const named = new Set(left.map((record) => chainOf(record.frame)));
  const unnamed = new Set(
    dropped.map((record) => chainOf(record.frame)).filter((chain) => !named.has(chain)),
  );
  const next = withoutCheckpoints(head, unnamed, released);
  const lastCheckpoint = left.reduce<CheckpointRecord | null>(
    (last, record) => (last && last.sequence > record.sequence ? last : record),
    null,
  );
  return { head: { ...next, checkpointCount: left.length, lastCheckpoint }, changed, dropped };
}

function changedBy(
  record: CheckpointRecord,
  change: "drop" | "quarantine" | "verify" | undefined,
  at: string,
): CheckpointRecord[] {
  if (change === "quarantine")
    return [{ ...record, verified: false, quarantinedAt: record.quarantinedAt ?? at }];
  return change === "verify" ? [{ ...record, verified: true, quarantinedAt: null }] : [];
}

function withoutCheckpoints(head: Head, unnamed: ReadonlySet<string>, released: string[]): Head {
  const held = new Set(statesOf(head).map((state) => chainOf(state.frame)));
  released.push(...[...unnamed].filter((chain) => !held.has(chain)));
  return markChains(head, unnamed, false);
}

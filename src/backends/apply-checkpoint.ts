import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { FrameRef } from "../model/frame.ts";
import type { Head, StateRecord } from "../model/head.ts";
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
    storedBytes: frame.storedBytes,
    verified: data ? true : head.state!.verified,
    quarantinedAt: null,
    frame,
  };
}

export function withCheckpoint(head: Head, record: CheckpointRecord | undefined): Head {
  if (!record) return head;
  const shared = record.source === "state" && head.state;
  return {
    ...head,
    sequence: record.sequence,
    checkpointCount: head.checkpointCount + 1,
    lastCheckpoint: record,
    state: shared ? { ...head.state!, checkpointed: true } : head.state,
  };
}

interface Dropped {
  head: Head;
  changed: CheckpointRecord[];
  dropped: CheckpointRecord[];
}

/** Takes checkpoints away or marks them damaged, and says which frames nothing names any more. */
export function dropCheckpoints(
  head: Head,
  checkpoints: readonly CheckpointRecord[],
  effects: Effects,
  at: string,
  released: FrameRef[],
): Dropped {
  const wanted = effects.checkpoints;
  if (!wanted) return { head, changed: [], dropped: [] };
  const dropped = checkpoints.filter((record) => wanted.get(record.checkpointId) === "drop");
  const changed = checkpoints
    .filter((record) => wanted.get(record.checkpointId) === "quarantine")
    .map((record) => ({ ...record, verified: false, quarantinedAt: record.quarantinedAt ?? at }));
  const left = checkpoints
    .filter((record) => !dropped.includes(record))
    .map((record) => changed.find((other) => other.checkpointId === record.checkpointId) ?? record);
  const named = new Set(left.map((record) => record.frame.frameId));
  const unnamed = dropped.filter((record) => !named.has(record.frame.frameId));
  const next = withoutCheckpoints(head, unnamed, released);
  const lastCheckpoint = left.reduce<CheckpointRecord | null>(
    (last, record) => (last && last.sequence > record.sequence ? last : record),
    null,
  );
  return { head: { ...next, checkpointCount: left.length, lastCheckpoint }, changed, dropped };
}

function withoutCheckpoints(head: Head, unnamed: CheckpointRecord[], released: FrameRef[]): Head {
  const ids = new Set(unnamed.map((record) => record.frame.frameId));
  const states = [...(head.state ? [head.state] : []), ...head.history];
  const held = new Set(states.map((state) => state.frame.frameId));
  const gone = new Map(unnamed.map((record) => [record.frame.frameId, record.frame]));
  for (const [id, frame] of gone) if (!held.has(id)) released.push(frame);
  const unmark = (state: StateRecord): StateRecord =>
    ids.has(state.frame.frameId) ? { ...state, checkpointed: false } : state;
  return { ...head, state: head.state && unmark(head.state), history: head.history.map(unmark) };
}

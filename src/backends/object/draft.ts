import type { Frame, FrameRef } from "../../model/frame.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { type Applied, applyCommit, needsCheckpoints, type Verdict } from "../apply.ts";
import type { Commit } from "../types.ts";
import { type DueMarker, frameKey, segmentKey } from "./keys.ts";
import type { HeadRecord, Opened, Segment } from "./record.ts";

/** Frames up to this many stored bytes live inside the head; larger ones are objects of their own. */
export const INLINE_BYTES = 32 * 1024;

/** A head being changed in memory: what is written next, and what must be there before. */
export interface Draft {
  readonly key: PipelineKey;
  /** `null` until a first commit makes the pipeline. */
  record: HeadRecord | null;
  /** The small frames that the head carries. */
  readonly frames: Map<string, Uint8Array>;
  /** All segments, when a commit had to see every checkpoint. */
  segments: Segment[] | null;
  readonly dirty: Set<string>;
  /** Immutable objects to put before the head, by key. */
  readonly puts: Map<string, Uint8Array>;
  readonly markers: DueMarker[];
}

export function openDraft(key: PipelineKey, opened: Opened): Draft {
  const record = opened.record && { ...opened.record };
  const frames = new Map(opened.frames);
  return { key, record, frames, segments: null, dirty: new Set(), puts: new Map(), markers: [] };
}

/** Whether the segments must be read before `applyToDraft` may see this commit. */
export function wantsSegments(draft: Draft, commit: Commit): boolean {
  return draft.segments === null && needsCheckpoints(commit) && (draft.record?.segments.length ?? 0) > 0;
}

export function applyToDraft(draft: Draft, commit: Commit, now: number, slackSeconds: number): Verdict {
  const { record } = draft;
  const older = draft.segments?.flatMap((segment) => segment.checkpoints) ?? [];
  const stored = { head: record?.head ?? null, checkpoints: [...older, ...(record?.checkpoints ?? [])] };
  const verdict = applyCommit(stored, commit, now, slackSeconds);
  if (verdict.kind === "applied") absorb(draft, commit, verdict);
  return verdict;
}

function absorb(draft: Draft, commit: Commit, applied: Applied): void {
  const before = draft.record ?? { checkpoints: [], events: [], segments: [], garbage: [], head: null };
  const { head } = applied;
  if (wantsMarker(before.head, head)) draft.markers.push(marker(draft.key, head));
  const removed = commit.effects.remove === true;
  const garbage = [...before.garbage, ...(removed ? segmentKeys(draft.key, before.segments) : [])];
  draft.record = {
    head,
    checkpoints: [...edited(before.checkpoints, applied), ...applied.added],
    events: removed ? [] : [...before.events, ...applied.events],
    segments: removed ? [] : before.segments,
    garbage: [...garbage, ...releasedKeys(draft, applied.released)],
  };
  if (removed) draft.segments = [];
  else editSegments(draft, applied);
  for (const frame of newFrames(commit)) place(draft, frame);
}

function newFrames({ effects }: Commit): Frame[] {
  return [effects.state?.frame, effects.checkpoint?.data?.frame].filter((frame) => frame !== undefined);
}

function place(draft: Draft, { ref, bytes }: Frame): void {
  // A copy: the head is kept for the next put, and the sender may use its buffer for something else. Not by
  // slice(): a Buffer's shares its memory.
  if (bytes.length <= INLINE_BYTES) draft.frames.set(ref.frameId, new Uint8Array(bytes));
  else draft.puts.set(frameKey(draft.key, ref.frameId), bytes);
}

function releasedKeys(draft: Draft, released: readonly FrameRef[]): string[] {
  const own = released
    .filter((ref) => ref.storedBytes > INLINE_BYTES)
    .map((ref) => frameKey(draft.key, ref.frameId));
  for (const key of own) draft.puts.delete(key);
  return own;
}

function segmentKeys(key: PipelineKey, refs: HeadRecord["segments"]): string[] {
  return refs.map(({ name }) => segmentKey(key, name));
}

function edited(
  checkpoints: HeadRecord["checkpoints"],
  { dropped, changed }: Applied,
): HeadRecord["checkpoints"] {
  const gone = new Set(dropped.map(({ checkpointId }) => checkpointId));
  const news = new Map(changed.map((record) => [record.checkpointId, record]));
  return checkpoints
    .filter(({ checkpointId }) => !gone.has(checkpointId))
    .map((record) => news.get(record.checkpointId) ?? record);
}

function editSegments(draft: Draft, applied: Applied): void {
  const touched = new Set([...applied.dropped, ...applied.changed].map(({ checkpointId }) => checkpointId));
  draft.segments =
    draft.segments?.map((segment) => {
      if (!segment.checkpoints.some(({ checkpointId }) => touched.has(checkpointId))) return segment;
      draft.dirty.add(segment.name);
      return { ...segment, checkpoints: edited(segment.checkpoints, applied) };
    }) ?? null;
}

/**
 * The marker that is there finds the end of a lease that was only renewed. Not that of a new lease, nor one that
 * ends earlier now, nor one whose pipeline runs again: its marker may have been found, and done with.
 */
function wantsMarker(before: HeadRecord["head"] | null, head: HeadRecord["head"]): boolean {
  if (!head.lease) return false;
  if (!before?.lease || head.fence > before.fence) return true;
  return head.status !== before.status || head.lease.expiresAt < before.lease.expiresAt;
}

/** In the minute in which the lease runs out. */
export function marker(key: PipelineKey, head: HeadRecord["head"]): DueMarker {
  return { minute: Math.floor(Date.parse(head.lease!.expiresAt) / 60_000), key, fence: head.fence };
}

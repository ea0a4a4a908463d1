import { chainOf } from "../../model/chain.ts";
import type { Frame } from "../../model/frame.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { type Applied, applyCommit, needsCheckpoints, type Verdict } from "../apply.ts";
import type { Commit } from "../types.ts";
import { isCollected, stillBarred } from "./barred.ts";
import { isObject } from "./frames.ts";
import { chainPrefix, frameKey, framePrefix, segmentKey } from "./keys.ts";
import type { HeadRecord, Opened, Segment, SegmentRef } from "./record.ts";

/** A head being changed in memory: what is written next, and what must be there before. */
export interface Draft {
  readonly key: PipelineKey;
  /** `null` until a first commit makes the pipeline. */
  record: HeadRecord | null;
  /** The small frames that the head carries. */
  readonly frames: Map<string, Uint8Array>;
  /** All segments, when a commit had to see every checkpoint. */
  segments: Segment[] | null;
  /** The staged frames that are there, of the chains whose commits name such. */
  readonly staged: Set<string>;
  readonly dirty: Set<string>;
  /** Immutable objects to put before the head, by key. */
  readonly puts: Map<string, Uint8Array>;
}

export function openDraft(key: PipelineKey, opened: Opened): Draft {
  const record = opened.record && { ...opened.record };
  const frames = new Map(opened.frames);
  const staged = new Set<string>();
  return { key, record, frames, segments: null, staged, dirty: new Set(), puts: new Map() };
}

/** Whether the segments must be read before `applyToDraft` may see this commit. */
export function wantsSegments(draft: Draft, commit: Commit): boolean {
  return draft.segments === null && needsCheckpoints(commit) && (draft.record?.segments.length ?? 0) > 0;
}

export function applyToDraft(draft: Draft, commit: Commit, now: number, slackSeconds: number): Verdict {
  const { record } = draft;
  const older = draft.segments?.flatMap((segment) => segment.checkpoints) ?? [];
  const checkpoints = [...older, ...(record?.checkpoints ?? [])];
  const stored = { head: record?.head ?? null, checkpoints, staged: draft.staged };
  const verdict = applyCommit(stored, commit, now, slackSeconds);
  if (verdict.kind !== "applied") return verdict;
  if (record && newFrames(commit).some(({ ref }) => isCollected(record, ref)))
    return { kind: "refused", refusal: "frames_missing", head: record.head };
  absorb(draft, commit, verdict);
  return verdict;
}

const NOTHING = {
  head: null,
  checkpoints: [],
  events: [],
  segments: [],
  objects: [],
  garbage: [],
  barred: [],
};

function absorb(draft: Draft, commit: Commit, applied: Applied): void {
  const before = draft.record ?? NOTHING;
  const { head } = applied;
  if (commit.effects.remove) removeAll(draft, before, head);
  else change(draft, commit, before, applied);
}

function change(draft: Draft, commit: Commit, before: Omit<HeadRecord, "head">, applied: Applied): void {
  draft.record = {
    ...before,
    head: applied.head,
    checkpoints: [...edited(before.checkpoints, applied), ...applied.added],
    events: [...before.events, ...applied.events],
    ...stillBarred(before, applied.head),
  };
  editSegments(draft, applied);
  releaseChains(draft, new Set(applied.released));
  for (const frame of newFrames(commit)) place(draft, frame);
  for (const frame of commit.effects.state?.staged ?? []) nameObject(draft, chainOf(frame));
}

function removeAll(draft: Draft, before: Omit<HeadRecord, "head">, head: HeadRecord["head"]): void {
  const segments = before.segments.map(({ name }) => segmentKey(draft.key, name));
  const chains = before.objects.map((chain) => chainPrefix(draft.key, chain));
  const garbage = [...before.garbage, ...segments, ...chains];
  draft.record = { ...NOTHING, head, garbage, ...stillBarred(before, head) };
  draft.segments = [];
  draft.frames.clear();
  forgetPuts(draft, framePrefix(draft.key));
}

/** Their frames go: at once from the head, with their segments, and as garbage. */
function releaseChains(draft: Draft, released: ReadonlySet<string>): void {
  const { key, frames } = draft;
  const record = draft.record!;
  for (const frameId of frames.keys()) if (released.has(chainOf({ frameId }))) frames.delete(frameId);
  const gone = record.objects.filter((chain) => released.has(chain)).map((chain) => chainPrefix(key, chain));
  for (const prefix of gone) forgetPuts(draft, prefix);
  const segments = record.segments.map((ref) => releaseFrom(draft, ref, released));
  const empty = segments.filter(holdsNothing).map(({ name }) => segmentKey(key, name));
  draft.record = {
    ...record,
    segments: segments.filter((ref) => !holdsNothing(ref)),
    objects: record.objects.filter((chain) => !released.has(chain)),
    garbage: [...record.garbage, ...gone, ...empty],
  };
}

function releaseFrom(draft: Draft, ref: SegmentRef, released: ReadonlySet<string>): SegmentRef {
  const chains = ref.chains.filter((chain) => !released.has(chain));
  if (chains.length === ref.chains.length) return ref;
  if (draft.segments?.some(({ name }) => name === ref.name)) draft.dirty.add(ref.name);
  return { ...ref, chains };
}

function holdsNothing({ checkpoints, events, chains }: SegmentRef): boolean {
  return checkpoints + events + chains.length === 0;
}

/** What was to be put before the head, and is not named any more. */
function forgetPuts({ puts }: Draft, prefix: string): void {
  for (const name of puts.keys()) if (name.startsWith(prefix)) puts.delete(name);
}

function newFrames({ effects }: Commit): Frame[] {
  return [effects.state?.frame, effects.checkpoint?.data?.frame].filter((frame) => frame !== undefined);
}

function place(draft: Draft, { ref, bytes }: Frame): void {
  if (isObject(ref)) {
    draft.puts.set(frameKey(draft.key, ref.frameId), bytes);
    nameObject(draft, chainOf(ref));
  }
  // A copy: the head is kept for the next put, and the sender may use its buffer for something else. Not by
  // slice(): a Buffer's shares its memory.
  else draft.frames.set(ref.frameId, new Uint8Array(bytes));
}

function nameObject(draft: Draft, chain: string): void {
  const { objects } = draft.record!;
  if (!objects.includes(chain)) draft.record = { ...draft.record!, objects: [...objects, chain] };
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

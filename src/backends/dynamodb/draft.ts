import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Frame, FrameRef } from "../../model/frame.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { type Applied, applyCommit, needsCheckpoints, type Verdict } from "../apply.ts";
import type { Commit } from "../types.ts";
import { checkpointSk, frameSk } from "./keys.ts";
import { append, count, type Ranges, without } from "./ranges.ts";
import { firstRecord, type HeadRecord, type Mark, marked, type Opened } from "./record.ts";

/** A head being changed in memory: what is written next, and what must be there before. */
export interface Draft {
  readonly key: PipelineKey;
  readonly opened: Opened;
  /** `null` until a first commit makes the pipeline. */
  record: HeadRecord | null;
  /** The small frames that the head carries. */
  readonly frames: Map<string, Uint8Array>;
  /** Checkpoints that have rows, when a commit had to see them all. */
  older: CheckpointRecord[] | null;
  /** Frames that are written before the head, by id. */
  readonly large: Map<string, Uint8Array>;
  /** Frames up to this many bytes travel in the head. */
  readonly inlineBytes: number;
  /** Something was taken away that must not be read from now on. */
  drops: boolean;
}

export function openDraft(key: PipelineKey, opened: Opened, inlineBytes: number): Draft {
  const { record } = opened;
  const frames = new Map(opened.frames);
  return { key, opened, record, frames, older: null, large: new Map(), inlineBytes, drops: false };
}

/** Whether the rows of checkpoints must be read before `applyToDraft` may see this commit. */
export function wantsRows({ older, record }: Draft, commit: Commit): boolean {
  return (
    older === null && needsCheckpoints(commit) && record !== null && count(record.live) > record.recent.length
  );
}

export function applyToDraft(draft: Draft, commit: Commit, now: number, slackSeconds: number): Verdict {
  const { record, older } = draft;
  const checkpoints = record ? [...(older ?? []), ...marked(record, record.recent)] : [];
  const verdict = applyCommit({ head: record?.head ?? null, checkpoints }, commit, now, slackSeconds);
  if (verdict.kind === "applied") absorb(draft, commit, verdict);
  return verdict;
}

function absorb(draft: Draft, commit: Commit, applied: Applied): void {
  const { head } = applied;
  const before = draft.record ?? firstRecord(head);
  const strays = [...before.strays, ...applied.dropped.map(({ frame }) => frame.frameId)];
  const released = releasedFrames(draft, applied.released, [...before.copied, ...strays]);
  if (applied.dropped.length > 0) draft.drops = true;
  // Rows of all that is dropped, had the head them still or not: a writer that lost may have moved them out.
  const rows = applied.dropped.map(({ sequence }) => checkpointSk(sequence));
  const garbage = [...before.garbage, ...rows, ...released];
  if (commit.effects.remove) {
    bury(draft, head, garbage);
    return;
  }
  const gone = new Set(applied.dropped.map(({ sequence }) => sequence));
  const added = applied.added.map(({ sequence }) => sequence);
  draft.record = {
    ...before,
    head,
    recent: [...before.recent.filter(({ sequence }) => !gone.has(sequence)), ...applied.added],
    live: added.reduce<Ranges>(append, [...gone].reduce<Ranges>(without, before.live)),
    marks: remark(before.marks, applied),
    events: [...before.events, ...applied.events],
    strays,
    garbage,
  };
  draft.older = draft.older && edited(draft.older, gone, draft.record);
  for (const frame of newFrames(commit)) place(draft, frame);
}

function bury(draft: Draft, head: Head, garbage: string[]): void {
  draft.record = { ...firstRecord(head), bornAfter: head.revision, garbage };
  draft.frames.clear();
  draft.large.clear();
  draft.older = [];
}

function remark(marks: HeadRecord["marks"], { changed, dropped }: Applied): HeadRecord["marks"] {
  const next: Record<number, Mark> = { ...marks };
  for (const { sequence, verified, quarantinedAt } of changed) next[sequence] = { verified, quarantinedAt };
  for (const { sequence } of dropped) delete next[sequence];
  return next;
}

function edited(
  older: CheckpointRecord[],
  gone: ReadonlySet<number>,
  record: HeadRecord,
): CheckpointRecord[] {
  return marked(
    record,
    older.filter(({ sequence }) => !gone.has(sequence)),
  );
}

/** What of the released frames is outside the head, or may be. */
function releasedFrames(draft: Draft, released: readonly FrameRef[], inRows: readonly string[]): string[] {
  return released.flatMap(({ frameId, storedBytes }) => {
    draft.large.delete(frameId);
    if (storedBytes > draft.inlineBytes) return [LARGE + frameId];
    const inRow = !draft.frames.has(frameId) || inRows.includes(frameId);
    return inRow ? [frameSk(frameId)] : [];
  });
}

/** Marks garbage that is a large frame, wherever those are put. */
export const LARGE = "o/";

function newFrames({ effects }: Commit): Frame[] {
  return [effects.state?.frame, effects.checkpoint?.data?.frame].filter((frame) => frame !== undefined);
}

function place(draft: Draft, { ref, bytes }: Frame): void {
  // A copy: the head is kept for the next commit, and the sender may use its buffer for something else. Not by
  // slice(): a Buffer's shares its memory.
  if (bytes.length <= draft.inlineBytes) draft.frames.set(ref.frameId, new Uint8Array(bytes));
  else draft.large.set(ref.frameId, bytes);
}

import { chainOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Frame } from "../../model/frame.ts";
import { type Head, statesOf } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { type Applied, applyCommit, needsCheckpoints, type Verdict } from "../apply.ts";
import { isCollected, stillBarred } from "../object/barred.ts";
import type { Commit } from "../types.ts";
import type { Shelves } from "./frames.ts";
import { deadChains } from "./garbage.ts";
import { CHECKPOINTS, chainNamed, checkpointSk, FRAMES, OBJECTS } from "./keys.ts";
import { isOlderChain } from "./purge.ts";
import { append, count, type Ranges, without } from "./ranges.ts";
import { firstRecord, type HeadRecord, type Mark, marked, type Opened, withOutside } from "./record.ts";

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
  readonly shelves: Pick<Shelves, "s3" | "share" | "inlineBytes">;
  /** Of the frames that its commits say were staged, those that are there. */
  readonly staged: ReadonlySet<string>;
  /** Something was taken away that must not be read from now on. */
  drops: boolean;
}

export function openDraft(
  key: PipelineKey,
  opened: Opened,
  shelves: Draft["shelves"],
  staged: ReadonlySet<string>,
): Draft {
  const { record } = opened;
  const frames = new Map(opened.frames);
  return { key, opened, record, frames, older: null, large: new Map(), shelves, staged, drops: false };
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
  const staged = record ? lasting(record, draft.staged) : draft.staged;
  const stored = { head: record?.head ?? null, checkpoints, staged };
  const verdict = applyCommit(stored, commit, now, slackSeconds);
  if (verdict.kind !== "applied") return verdict;
  if (record && newFrames(commit).some(({ ref }) => isCollected(record, ref)))
    return { kind: "refused", refusal: "frames_missing", head: record.head };
  absorb(draft, commit, verdict);
  return verdict;
}

/** Those that are not gone, nor about to be: with their chain, or with what is older than a tombstone. */
function lasting(record: HeadRecord, staged: ReadonlySet<string>): ReadonlySet<string> {
  const { head, garbage } = record;
  const dead = deadChains(garbage);
  const goes = (frameId: string) =>
    isCollected(record, { frameId }) ||
    dead.has(chainOf({ frameId })) ||
    (head.deleted && isOlderChain(frameId, head.version));
  return new Set([...staged].filter((frameId) => !goes(frameId)));
}

function newFrames({ effects: { state, checkpoint } }: Commit): Frame[] {
  return [state?.frame, checkpoint?.data?.frame].filter((frame) => frame !== undefined);
}

function absorb(draft: Draft, commit: Commit, applied: Applied): void {
  const { head, dropped } = applied;
  const before = draft.record ?? firstRecord(head);
  const free = released(draft, before, applied);
  if (dropped.length > 0) draft.drops = true;
  if (commit.effects.remove) {
    bury(draft, before, head, free);
    return;
  }
  // Rows of all that is dropped, had the head them still or not: a writer that lost may have moved them out.
  const rows = dropped.map(({ sequence }) => checkpointSk(sequence));
  const gone = new Set(dropped.map(({ sequence }) => sequence));
  const added = applied.added.map(({ sequence }) => sequence);
  const record: HeadRecord = {
    ...before,
    head,
    recent: [...before.recent.filter(({ sequence }) => !gone.has(sequence)), ...applied.added],
    live: added.reduce<Ranges>(append, [...gone].reduce<Ranges>(without, before.live)),
    marks: remark(before.marks, applied),
    events: [...before.events, ...applied.events],
    garbage: [...before.garbage, ...rows, ...free],
    ...stillBarred(before, head),
  };
  // As those of a chain that goes on, which is known by this checkpoint no more.
  const left = dropped.map(({ frame }) => FRAMES + chainOf(frame));
  draft.record = withOutside(record, [...left, ...place(draft, commit)]);
  draft.older = draft.older && edited(draft.older, gone, draft.record);
}

/** Rows of checkpoints, and what is older than the tombstone, go whatever they are called: it names the rest. */
function bury(draft: Draft, before: HeadRecord, head: Head, free: readonly string[]): void {
  const chains = [...before.garbage, ...free].filter((name) => !name.startsWith(CHECKPOINTS));
  const garbage = chains.filter((name) => !isOlderChain(chainNamed(name), head.version));
  draft.record = { ...firstRecord(head), bornAfter: head.revision, garbage, ...stillBarred(before, head) };
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

/** Where frames of the released chains are, or may be, outside of the head. */
function released(draft: Draft, before: HeadRecord, { released, dropped }: Applied): string[] {
  const extended = statesOf(before.head).filter(({ frame }) => frame.chain !== undefined);
  // A writer that lost may have moved some out, or put one upon them: of chains that grew, or that a checkpoint named.
  const anywhere = new Set([...extended, ...dropped].map(({ frame }) => chainOf(frame)));
  return released.flatMap((chain) => {
    forget(draft, chain);
    const places = draft.shelves.s3 ? [FRAMES + chain, OBJECTS + chain] : [FRAMES + chain];
    return places.filter((name) => anywhere.has(chain) || before.outside.includes(name));
  });
}

function forget(draft: Draft, chain: string): void {
  for (const frames of [draft.frames, draft.large])
    for (const frameId of frames.keys()) if (chainOf({ frameId }) === chain) frames.delete(frameId);
}

/** Takes the new frames of a commit in; returns where those are that the head does not carry. */
function place(draft: Draft, commit: Commit): string[] {
  const { s3, share } = draft.shelves;
  const beside = [...(commit.effects.state?.staged ?? [])];
  for (const { ref, bytes } of newFrames(commit)) {
    // A copy: the head is kept for the next commit, and the sender may use its buffer for something else. Not by
    // slice(): a Buffer's shares its memory.
    if (bytes.length <= share) draft.frames.set(ref.frameId, new Uint8Array(bytes));
    else draft.large.set(ref.frameId, bytes);
    if (bytes.length > share) beside.push(ref);
  }
  return beside.map((link) => (s3 ? OBJECTS : FRAMES) + chainOf(link));
}

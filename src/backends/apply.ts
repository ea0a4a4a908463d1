import { chainOf, storedBytesOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import { FINISHED } from "../model/finished.ts";
import { type Head, statesOf, VERSIONS_KEPT, WRITES_KEPT, type WriteResult } from "../model/head.ts";
import { dropCheckpoints, makeCheckpoint, withCheckpoint } from "./apply-checkpoint.ts";
import { changeLease, checkFence, renewByWrite } from "./apply-lease.ts";
import { freshHead, reborn, tombstone } from "./fresh.ts";
import type { Commit, CommitOutcome, Effects, Expectation, Refusal } from "./types.ts";

/** What a store holds of one pipeline, as far as a commit needs it. */
export interface Stored {
  head: Head | null;
  /** All of them when `needsCheckpoints(commit)`, else as many as are at hand. */
  checkpoints: readonly CheckpointRecord[];
  /** Of the frames that the commit says were staged, the ids of those that are there. */
  staged?: ReadonlySet<string>;
}

export interface Applied {
  kind: "applied";
  head: Head;
  result: WriteResult;
  events: PipelineEvent[];
  /** Checkpoint records made, changed and gone. */
  added: CheckpointRecord[];
  changed: CheckpointRecord[];
  dropped: CheckpointRecord[];
  /** Chains that no record names any more: all their frames go. */
  released: string[];
}

export type Verdict =
  | Applied
  | { kind: "replayed"; head: Head; result: WriteResult }
  | { kind: "refused"; refusal: Refusal; head: Head | null };

/** What the caller is told. Copies: what a driver keeps for the next commit is nobody else's to change. */
export function outcomeOf(verdict: Verdict): CommitOutcome {
  const head = structuredClone(verdict.head);
  if (verdict.kind === "refused") return { ok: false, refusal: verdict.refusal, head };
  const result = structuredClone(verdict.result);
  return { ok: true, head: head!, result, replayed: verdict.kind === "replayed" };
}

/** Whether `applyCommit` must see every checkpoint of the pipeline. */
export function needsCheckpoints(commit: Commit): boolean {
  return commit.effects.checkpoints !== undefined || commit.effects.remove === true;
}

/**
 * The state machine of a pipeline, pure: what a commit makes of what is stored. Drivers whose store cannot run
 * it (object, memory, DynamoDB) call this and write the answer by compare-and-set on `revision`; the others
 * ship the same rules as a stored function, and the contract suite holds them to this one.
 *
 * @param now the store's clock, epoch milliseconds
 * @param slackSeconds how long an expired lease is still honoured
 */
export function applyCommit(stored: Stored, commit: Commit, now: number, slackSeconds: number): Verdict {
  const { head } = stored;
  const known = head?.writes.find((write) => write.writeId === commit.writeId);
  if (head && known) {
    if (known.digest === commit.digest) return { kind: "replayed", head, result: known.result };
    return { kind: "refused", refusal: "idempotency_mismatch", head };
  }
  const refusal = check(stored, commit, now, slackSeconds);
  if (refusal) return { kind: "refused", refusal, head };
  return effect(stored, commit, now);
}

function check(stored: Stored, commit: Commit, now: number, slackSeconds: number): Refusal | null {
  const { head } = stored;
  const { expect, effects } = commit;
  return (
    checkExistence(head, expect) ??
    (head && checkFence(head, commit, now, slackSeconds)) ??
    checkPosition(head, expect) ??
    (head && checkStatus(head, effects)) ??
    checkTargets(stored, effects)
  );
}

function checkExistence(head: Head | null, expect: Expectation): Refusal | null {
  if (head === null) return expect.create === "never" ? "not_found" : null;
  if (head.deleted) return expect.create === "anew" ? null : "pipeline_deleted";
  return null;
}

function checkPosition(head: Head | null, expect: Expectation): Refusal | null {
  const state = head?.deleted ? null : (head?.state ?? null);
  if (expect.state === "absent" && state !== null) return "state_exists";
  if (expect.state === "present" && state === null) return "no_state";
  if (expect.version !== undefined && expect.version !== (head?.version ?? 0)) return "version_mismatch";
  if (expect.revision !== undefined && expect.revision !== (head?.revision ?? 0)) return "revision_mismatch";
  if (expect.base !== undefined && expect.base !== state?.frame.frameId) return "base_mismatch";
  return null;
}

/** A finished pipeline stays finished; `failed` may be resumed. */
function checkStatus(head: Head, effects: Effects): Refusal | null {
  if (effects.resumed) {
    return head.status === "completed" || head.status === "cancelled" ? "invalid_transition" : null;
  }
  const { status } = effects;
  if (status === undefined || status === head.status) return null;
  if (status === "interrupted") return head.status === "running" ? null : "invalid_transition";
  return FINISHED.includes(head.status) ? "invalid_transition" : null;
}

function checkTargets(stored: Stored, effects: Effects): Refusal | null {
  for (const id of effects.checkpoints?.keys() ?? []) {
    if (!stored.checkpoints.some((record) => record.checkpointId === id)) return "checkpoint_not_found";
  }
  const snapshots = effects.checkpoint !== undefined && effects.checkpoint.data === undefined;
  if (snapshots && !effects.state && !stored.head?.state) return "no_state";
  const staged = effects.state?.staged ?? [];
  return staged.every(({ frameId }) => stored.staged?.has(frameId)) ? null : "frames_missing";
}

function effect(stored: Stored, commit: Commit, now: number): Applied {
  const { effects } = commit;
  const at = new Date(now).toISOString();
  const created = stored.head === null || stored.head.deleted;
  const before = stored.head?.deleted ? revived(stored.head, at) : (stored.head ?? freshHead(commit.key, at));
  if (effects.remove) return removed(stored, before, commit, at);

  const released: string[] = [];
  let head: Head = { ...before, revision: before.revision + 1, updatedAt: at };
  if (effects.settings) head = Object.assign({ ...head }, effects.settings);
  if (effects.care) head = { ...head, care: effects.care };
  if (effects.lookAt !== undefined) head = { ...head, lookAt: effects.lookAt };
  if (effects.state) head = withState(head, effects, at, released);
  if (effects.verified && head.state) head = { ...head, state: { ...head.state, verified: true } };
  head = withStatus(head, effects);
  head = changeLease(head, commit, now);
  if (effects.state || effects.checkpoint) head = renewByWrite(head, commit.expect, now);

  const { changed, dropped, ...rest } = dropCheckpoints(head, stored.checkpoints, effects, at, released);
  head = rest.head;
  const added = effects.checkpoint ? [makeCheckpoint(head, effects.checkpoint, at)] : [];
  head = withCheckpoint(head, added[0]);

  const first = created || (effects.state !== undefined && before.state === null);
  const result = resultOf(head, effects, added[0], at, first);
  head = { ...head, writes: remember(head.writes, commit, result) };
  const events = eventsOf(before, head, effects, created, at);
  return { kind: "applied", head, result, events, added, changed, dropped, released };
}

/** The deletion stays known: sent again, late, it must not delete what was started anew. */
function revived(head: Head, at: string): Head {
  return { ...reborn(head, at), writes: head.writes };
}

function withState(head: Head, effects: Effects, at: string, released: string[]): Head {
  const next = effects.state!;
  const older = statesOf(head);
  const history = (effects.dropReplaced ? older.slice(1) : older).slice(0, VERSIONS_KEPT);
  const frame = next.frame.ref;
  const chain = chainOf(frame);
  const held = new Set([chain, ...history.map((state) => chainOf(state.frame))]);
  const gone = older.filter((state) => !state.checkpointed && !held.has(chainOf(state.frame)));
  released.push(...new Set(gone.map((state) => chainOf(state.frame))));
  const checkpointed = older.some((state) => state.checkpointed && chainOf(state.frame) === chain);
  const { contentType, bytes, sha256, verified, restoredFrom } = next;
  const version = head.version + 1;
  const state = { version, contentType, bytes, sha256, savedAt: at, verified, restoredFrom };
  // A save proves that the pipeline lives; a rollback by an operator does not.
  const status = head.status === "interrupted" && !restoredFrom ? "running" : head.status;
  return {
    ...head,
    version,
    status,
    history,
    state: { ...state, frame, checkpointed },
  };
}

function withStatus(head: Head, effects: Effects): Head {
  if (effects.resumed) return { ...head, status: "running", attempt: head.attempt + 1 };
  return effects.status ? { ...head, status: effects.status } : head;
}

function removed(stored: Stored, before: Head, commit: Commit, at: string): Applied {
  const head = tombstone(before, at);
  const result = resultOf(head, {}, undefined, at, false);
  const chains = [...statesOf(before), ...stored.checkpoints].map((owner) => chainOf(owner.frame));
  const released = [...new Set(chains)];
  const writes = remember([], commit, result);
  const dropped = [...stored.checkpoints];
  return {
    kind: "applied",
    head: { ...head, writes },
    result,
    events: [],
    added: [],
    changed: [],
    dropped,
    released,
  };
}

function resultOf(
  head: Head,
  effects: Effects,
  checkpoint: CheckpointRecord | undefined,
  at: string,
  created: boolean,
): WriteResult {
  const source = checkpoint ?? (effects.state ? head.state : null);
  const storedBytes = source ? storedBytesOf(source.frame) : 0;
  return {
    at,
    revision: head.revision,
    version: head.version,
    fence: head.fence,
    attempt: head.attempt,
    created,
    content: source && {
      contentType: source.contentType,
      bytes: source.bytes,
      storedBytes,
      sha256: source.sha256,
    },
    checkpoint: checkpoint ? pickCheckpoint(checkpoint) : null,
    expiresAt: head.lease?.expiresAt ?? null,
    note: effects.note ?? null,
  };
}

function pickCheckpoint({ checkpointId, sequence, reason, verified }: CheckpointRecord) {
  return { checkpointId, sequence, reason, verified };
}

function remember(writes: Head["writes"], commit: Commit, result: WriteResult): Head["writes"] {
  return [...writes, { writeId: commit.writeId, digest: commit.digest, result }].slice(-WRITES_KEPT);
}

function eventsOf(before: Head, head: Head, effects: Effects, created: boolean, at: string): PipelineEvent[] {
  const drafts = (effects.events ?? []).filter(
    (draft) => draft.type !== effects.status || before.status !== effects.status,
  );
  const all = created ? [{ type: "created" as const }, ...drafts] : drafts;
  const { revision, version, fence } = head;
  return all.map((draft, index) => ({ eventId: `${revision}-${index}`, at, version, fence, ...draft }));
}

import type { Commit, CommitOutcome, Effects, Expectation } from "../backends/types.ts";
import { CairnError, OutcomeUnknown } from "../model/errors.ts";
import type { Head, WriteResult } from "../model/head.ts";
import { newWriteId, type PipelineKey } from "../model/ids.ts";
import type { Core } from "./core.ts";

export interface Committed {
  head: Head;
  result: WriteResult;
  replayed: boolean;
}

const RESENDS = 2;

/**
 * Sends one commit and finds out what became of it (design invariant 4). When the outcome is unknown: read
 * back; found by its write id → its result; the head moved on without it → a refusal; unchanged → the same
 * commit again, for a delayed one may still land.
 *
 * @throws CairnError `outcome_unknown` when it cannot be found out; `quota_exceeded`, and then it was not sent
 */
export function send(core: Core, commit: Commit): Promise<CommitOutcome> {
  const { quotas } = core;
  return quotas ? quotas.within(core, commit, () => sendOut(core, commit)) : sendOut(core, commit);
}

async function sendOut(core: Core, commit: Commit): Promise<CommitOutcome> {
  for (let attempt = 0; ; attempt++) {
    try {
      const [outcome] = await core.backend.commit([commit]);
      core.quotas?.landed(core, commit, outcome!);
      if (outcome!.head) core.heads.put(commit.key, outcome!.head);
      return attempt > 0 ? asFirst(outcome!) : outcome!;
    } catch (error) {
      core.heads.forget(commit.key);
      // What failed for certain this time may have landed the time before.
      if (attempt > 0 && error instanceof CairnError) throw unknownOutcome(error);
      if (!(error instanceof OutcomeUnknown)) throw error;
      const found = await readBack(core, commit);
      if (found) return found;
      if (attempt === RESENDS) throw unknownOutcome(error);
    }
  }
}

/**
 * Sends a commit of the service's own, which nobody sends again under its id.
 *
 * @returns the head after it; null when the store refused it: the pipeline has moved on
 */
export async function sendOwn(
  core: Core,
  key: PipelineKey,
  expect: Omit<Expectation, "create">,
  effects: Effects,
): Promise<Head | null> {
  const outcome = await send(core, {
    key,
    writeId: newWriteId(),
    digest: "0".repeat(64),
    expect: { create: "never", ...expect },
    effects,
  });
  return outcome.ok ? outcome.head : null;
}

/** What the head says of the commit, or `null` when it has not landed (yet). */
async function readBack(core: Core, commit: Commit): Promise<CommitOutcome | null> {
  const loaded = await core.backend.load(commit.key).catch((error: unknown) => {
    throw unknownOutcome(error);
  });
  const found = loaded && findWrite(loaded.head, commit);
  return found && asFirst(found);
}

/** What an earlier try of this call has done is no replay to its caller. */
function asFirst(outcome: CommitOutcome): CommitOutcome {
  return outcome.ok ? { ...outcome, replayed: false } : outcome;
}

/** What the head remembers of a write, or `null`. */
function findWrite(
  head: Head,
  { writeId, digest }: Pick<Commit, "writeId" | "digest">,
): CommitOutcome | null {
  const write = head.writes.find((known) => known.writeId === writeId);
  if (!write) return null;
  if (write.digest !== digest) return { ok: false, refusal: "idempotency_mismatch", head };
  return { ok: true, head, result: write.result, replayed: true };
}

/**
 * The first answer to a write that has landed before, for verbs that prepare their commit from what they read:
 * a replay must be known before a preparation that may no longer be possible.
 */
export function replayOf(head: Head, commit: Pick<Commit, "writeId" | "digest">): Committed | null {
  const found = findWrite(head, commit);
  if (found && !found.ok) throw refusalError(found);
  return found;
}

function unknownOutcome(cause: unknown): CairnError {
  const detail =
    "The store did not say whether the write landed. Send it again with the same Idempotency-Key.";
  return new CairnError("outcome_unknown", detail, { retryAfterSeconds: 1, cause });
}

/** The refusal as the error a caller sees. */
export function refusalError(outcome: Extract<CommitOutcome, { ok: false }>, slackSeconds = 0): CairnError {
  const { head, refusal } = outcome;
  const facts = head?.state && !head.deleted ? { version: head.version } : {};
  switch (refusal) {
    case "not_found":
      return noPipeline();
    case "checkpoint_not_found":
      return noCheckpoint();
    case "no_state":
      return new CairnError("not_found", "The pipeline has no state yet.");
    case "pipeline_deleted":
      return new CairnError(
        "pipeline_deleted",
        "The pipeline was deleted. `If-None-Match: *` starts it anew.",
      );
    case "state_exists":
      return new CairnError("precondition_failed", "The pipeline has a state already.", facts);
    case "version_mismatch":
    case "revision_mismatch":
    case "base_mismatch":
      return new CairnError("precondition_failed", `The state is at version ${head?.version ?? 0}.`, facts);
    case "lease_held":
      return leaseHeld(head, slackSeconds);
    case "fence_lost":
      return new CairnError(
        "fence_lost",
        "Another was granted the lease since. Stop writing, and resume to go on.",
      );
    case "frames_missing":
      return new CairnError("parts_missing", "Parts of the state are not there (any more). Send them again.");
    case "invalid_transition":
      return new CairnError("invalid_transition", `The pipeline is ${head?.status}.`);
    case "idempotency_mismatch":
      return new CairnError(
        "idempotency_mismatch",
        "This Idempotency-Key was used for a request that differs.",
      );
  }
}

function leaseHeld(head: Head | null, slackSeconds: number): CairnError {
  const ends = Date.parse(head?.lease?.expiresAt ?? "") + slackSeconds * 1000;
  const left = Math.max(1, Math.ceil((ends - Date.now()) / 1000));
  const detail =
    "A live lease protects the pipeline. Its holder writes with Cairn-Fence; others wait for its end.";
  return new CairnError("lease_held", detail, Number.isFinite(left) ? { retryAfterSeconds: left } : {});
}

/** The same for a missing pipeline and for another tenant's. */
export function noPipeline(): CairnError {
  return new CairnError("not_found", "There is no such pipeline.");
}

export function noCheckpoint(): CairnError {
  return new CairnError("not_found", "There is no such checkpoint.");
}

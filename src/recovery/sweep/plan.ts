import { isLive } from "../../backends/apply-lease.ts";
import { FINISHED } from "../../model/finished.ts";
import type { Head } from "../../model/head.ts";
import { isWatched } from "../../state/remind.ts";

/** So often a pipeline is resumed without progress, and its owner told, when it does not say itself. */
export const MAX_ATTEMPTS = 8;

/** What the sweep does about a pipeline that it was told of. */
export type Plan =
  | { do: "interrupt"; why: "lease" | "silence" }
  /** It was resumed too often and got nowhere. */
  | { do: "fail" }
  | { do: "wake" }
  | { do: "prune" }
  /** Its state is saved but no checkpoint: whether it is to be one. */
  | { do: "evaluate" }
  | { do: "delete" }
  /** Nothing, and it need not be looked at again for what it was. */
  | { do: "settle" }
  /** Nothing now: its time has not come. */
  | { do: "wait" };

/**
 * Pure: what is due of a head, the most urgent first.
 *
 * @param now epoch milliseconds: no later than the store's clock, which said that something is due
 * @param slackSeconds of clocks that differ, in the holder's favour
 * @param prunes whether its checkpoints are more than it wants to keep
 */
export function planFor(head: Head, now: number, slackSeconds: number, prunes: boolean): Plan {
  if (head.deleted) return { do: "wait" };
  if (isGone(head, now, slackSeconds)) {
    const { care, recovery } = head;
    const stuck = care.version === head.version && care.resumes >= (recovery.maxAttempts ?? MAX_ATTEMPTS);
    return stuck ? { do: "fail" } : { do: "interrupt", why: head.lease ? "lease" : "silence" };
  }
  if (isOver(head, now) && !isLive(head.lease, now, slackSeconds)) return { do: "delete" };
  if (head.lookAt === null || Date.parse(head.lookAt) > now) return { do: "wait" };
  if (head.status === "interrupted" && head.care.wake?.state === "waiting") return { do: "wake" };
  if (prunes) return { do: "prune" };
  return { do: isWatched(head) && !isKept(head) ? "evaluate" : "settle" };
}

/** Whether there is nothing that could become a checkpoint. */
export function isKept({ state, lastCheckpoint }: Head): boolean {
  return state === null || lastCheckpoint?.version === state.version;
}

/** Whether whoever ran it has shown no life for as long as was agreed. */
function isGone(head: Head, now: number, slackSeconds: number): boolean {
  if (head.status !== "running") return false;
  if (head.lease) return !isLive(head.lease, now, slackSeconds);
  const { silenceSeconds } = head.recovery;
  return silenceSeconds !== undefined && Date.parse(head.updatedAt) + silenceSeconds * 1000 <= now;
}

function isOver({ status, retention, updatedAt }: Head, now: number): boolean {
  const { deleteAfterSeconds } = retention;
  if (deleteAfterSeconds === undefined || !FINISHED.includes(status)) return false;
  return Date.parse(updatedAt) + deleteAfterSeconds * 1000 <= now;
}

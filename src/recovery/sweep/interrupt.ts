import type { Effects } from "../../backends/types.ts";
import type { Head } from "../../model/head.ts";

/** Whether anybody is to be told that it was interrupted. */
export function wantsWake({ recovery }: Head): boolean {
  return recovery.webhookUrl !== undefined && recovery.auto !== false;
}

/** Who interrupts tells the owner at once, and has this long before another sweep takes that upon itself. */
const TELLING_SECONDS = 60;

/**
 * The interruption of a pipeline: whoever held the lease loses it (the fence rises with `force`), and the message to
 * its owner is queued, in one commit.
 *
 * @param at RFC 3339
 */
export function interruption(head: Head, why: "lease" | "silence", at: string): Effects {
  const wakes = wantsWake(head);
  const wake = wakes
    ? { at, fence: head.fence + (head.lease ? 1 : 0), tries: 0, state: "waiting" as const }
    : null;
  const owner = head.lease ? { owner: head.lease.owner } : {};
  const detail = why === "silence" ? { detail: `silent for ${head.recovery.silenceSeconds} s` } : {};
  return {
    status: "interrupted",
    care: { ...head.care, wake },
    lookAt: wakes ? new Date(Date.parse(at) + TELLING_SECONDS * 1000).toISOString() : null,
    events: [{ type: "interrupted", ...owner, ...detail }],
  };
}

/** The end of a pipeline that was resumed again and again, and never got on. */
export function failure(head: Head): Effects {
  const detail = `resumed ${head.care.resumes} times without progress`;
  return {
    status: "failed",
    care: { ...head.care, wake: null },
    lookAt: null,
    events: [{ type: "failed", detail }],
  };
}

import type { Head } from "../../model/head.ts";
import { type Item, number } from "./item.ts";
import { dueBucket } from "./keys.ts";

/**
 * What a commit does to the attributes by which leases that ran out are found; nothing, mostly. Who renews a lease
 * leaves `dueAt` where it is: it says when to look, and who looks and finds the lease live pushes it on. So a
 * heartbeat does not write the index. It is set anew where it is not there, or might stand later than the new
 * end: after a claim, which pushed it past the end of a lease that had run out.
 *
 * @param claimable epoch milliseconds: a lease that ended by then may have been claimed
 */
export function dueChange(
  before: Head | null,
  head: Head,
  claimable: number,
): Record<string, Item[string] | undefined> {
  if (!isWatched(head)) return { dueBucket: undefined, dueAt: undefined };
  const end = Date.parse(head.lease.expiresAt);
  if (before && isWatched(before) && before.fence === head.fence) {
    const ended = Date.parse(before.lease.expiresAt);
    if (ended > claimable && ended <= end) return {};
  }
  return { dueBucket: { S: dueBucket(head) }, dueAt: number(end) };
}

function isWatched(head: Head): head is Head & { lease: NonNullable<Head["lease"]> } {
  return head.lease !== null && head.status === "running" && !head.deleted;
}

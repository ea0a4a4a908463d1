import { FINISHED } from "../model/finished.ts";
import type { Head, Lease } from "../model/head.ts";
import type { Commit, Expectation, Refusal } from "./types.ts";

/** Whether others must still respect the lease. */
export function isLive(lease: Lease | null, now: number, slackSeconds: number): boolean {
  return lease !== null && now < Date.parse(lease.expiresAt) + slackSeconds * 1000;
}

/**
 * Fencing (Kleppmann 2016; Chubby sequencers, Burrows 2006): while a lease is live, only the holder's token
 * writes; a token that is not the newest never does; an expired lease's token goes on until another is granted.
 */
export function checkFence(head: Head, commit: Commit, now: number, slackSeconds: number): Refusal | null {
  const { expect } = commit;
  const change = commit.effects.lease;
  if (expect.force) return null;
  // A tombstone has no lease to protect, but its fence tells who was fenced out by the deletion.
  if (head.deleted) return expect.fence === undefined || expect.fence === head.fence ? null : "fence_lost";
  const live = isLive(head.lease, now, slackSeconds);
  if (change && "take" in change)
    return live && head.lease?.owner !== change.take.owner ? "lease_held" : null;
  if (expect.fence === undefined) return live || change ? "lease_held" : null;
  if (expect.fence !== head.fence) return "fence_lost";
  return change && "renew" in change && head.lease === null ? "fence_lost" : null;
}

/** The lease after the commit: taken, renewed, released, taken away by force, or ended with its pipeline. */
export function changeLease(head: Head, commit: Commit, now: number): Head {
  const change = commit.effects.lease;
  if (change && "take" in change) {
    return { ...head, fence: head.fence + 1, lease: grant(change.take.owner, change.take.ttlSeconds, now) };
  }
  if (commit.expect.force && head.lease) return { ...head, fence: head.fence + 1, lease: null };
  const ends = commit.effects.status !== undefined && FINISHED.includes(head.status);
  if ((change && "release" in change) || ends) return { ...head, lease: null };
  if (change && "renew" in change && head.lease) {
    const ttl = change.renew.ttlSeconds ?? head.lease.ttlSeconds;
    return { ...head, lease: grant(head.lease.owner, ttl, now) };
  }
  return head;
}

/** A write by the holder proves that it lives: it renews the lease, and never shortens it. */
export function renewByWrite(head: Head, expect: Expectation, now: number): Head {
  if (!head.lease || expect.fence !== head.fence) return head;
  const renewed = grant(head.lease.owner, head.lease.ttlSeconds, now);
  return renewed.expiresAt > head.lease.expiresAt ? { ...head, lease: renewed } : head;
}

function grant(owner: string, ttlSeconds: number, now: number): Lease {
  return { owner, ttlSeconds, expiresAt: new Date(now + ttlSeconds * 1000).toISOString() };
}

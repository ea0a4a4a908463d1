import type { Head } from "../../model/head.ts";
import { dueAt } from "../due-at.ts";
import { type Item, number } from "./item.ts";
import { dueBucket } from "./keys.ts";

/**
 * What a commit does to the attributes by which it is found that a pipeline's time has come; nothing, mostly. Who only
 * moves that time on (a heartbeat, a save) leaves `dueAt` where it is: it says when to look, and who looks too early
 * pushes it on. So a heartbeat does not write the index. It is set anew where it is not there, or might stand later
 * than the new time: after a claim, which pushed it past a time that had come.
 *
 * @param claimable epoch milliseconds: a pipeline whose time had come by then may have been claimed
 */
export function dueChange(
  before: Head | null,
  head: Head,
  claimable: number,
  slackSeconds: number,
): Record<string, Item[string] | undefined> {
  const next = dueAt(head, slackSeconds);
  if (next === null) return { waitsUntil: undefined, dueBucket: undefined, dueAt: undefined };
  const waitsUntil = number(next);
  const last = before && dueAt(before, slackSeconds);
  if (last !== null && last > claimable && last <= next) return { waitsUntil };
  return { waitsUntil, dueBucket: { S: dueBucket(head) }, dueAt: waitsUntil };
}

import type { Head } from "../../model/head.ts";
import { dueAt } from "../due-at.ts";
import type { DueMarker } from "./keys.ts";

const MINUTE = 60_000;

/** A listed pipeline comes up again after this long, give or take half a minute. */
const CLAIM_MINUTES = 1;

/**
 * The marker to put before the head `next`; null when the one that is there finds it. Whoever looks at a marker moves
 * it on to the minute in which the head he read is due, so a time that is only later costs nothing; one that is
 * earlier than the last head's would be missed.
 */
export function markerFor(last: Head | null, next: Head, slackSeconds: number): DueMarker | null {
  const [before, after] = [last && dueAt(last, slackSeconds), dueAt(next, slackSeconds)];
  if (after === null || (before !== null && minuteOf(before) <= minuteOf(after))) return null;
  return markerAt(next, minuteOf(after));
}

/** Where the marker of this head goes in this minute, whoever puts it: markers of one pipeline fall together. */
export function markerAt({ tenant, pipelineId, revision }: Head, minute: number): DueMarker {
  return { minute, key: { tenant, pipelineId }, revision };
}

/** The minute in which a time lies, as markers count them. */
export function minuteOf(time: number): number {
  return Math.max(0, Math.floor(time / MINUTE));
}

/** Until when what is listed now is claimed. */
export function claimEnd(now: number): number {
  return Math.floor(now / MINUTE + CLAIM_MINUTES + 0.5);
}

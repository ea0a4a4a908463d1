import type { Head } from "./head.ts";

/** How many checkpoints are kept where nothing is said. */
export const KEEP_LAST = 100;

/** Kept beside what the rules keep: the two that recovery rests on. */
const RESTED_ON = 2;
/** Pruning reads two checkpoints back, so it waits until so many go at once: one in eight of those that are kept. */
const SLACK = 1 / 8;
/** The most that thinning keeps in each doubling of age. */
const A_DOUBLING = 4;

/**
 * Whether pruning this pipeline may find something to drop, by its head alone. It may err towards yes where the head
 * does not tell (how young the checkpoints are, which frames they share), and says no while little would go.
 *
 * @param now epoch milliseconds
 */
export function maybePrune(
  head: Pick<Head, "deleted" | "retention" | "checkpointCount" | "createdAt" | "lastCheckpoint">,
  now: number,
): boolean {
  const { deleted, retention, checkpointCount: count, lastCheckpoint } = head;
  if (deleted || count <= RESTED_ON) return false;
  const { keepLast = KEEP_LAST, keepForSeconds = 0, thin = false, maxBytes } = retention;
  const seconds = Math.max(1, (now - Date.parse(head.createdAt)) / 1000);
  const spread = thin ? A_DOUBLING * Math.ceil(Math.log2(seconds)) : 0;
  const kept = Math.max(keepLast + spread, RESTED_ON);
  const tooMany = count > kept * (1 + SLACK) && seconds > keepForSeconds;
  const each = lastCheckpoint?.storedBytes ?? 0;
  return tooMany || (maxBytes !== undefined && count * each > maxBytes);
}

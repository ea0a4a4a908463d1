/** No two tries are further apart than this, unless the first wait is meant to be longer. Seconds. */
export const LONGEST_WAIT_SECONDS = 3600;

export interface RetryPolicy {
  /** The longest the first wait may be, seconds; each further one may be twice as long. @default 30 */
  backoffSeconds?: number;
  /** Tries in all. @default 8 */
  maxAttempts?: number;
  /** What the receiver asked for (`Retry-After`): the next try is not earlier. @default 0 */
  retryAfterSeconds?: number;
}

/**
 * When to try again: exponential with full jitter, so that what failed together does not come back together.
 *
 * @param attempt how many tries have failed, from 1
 * @param random from 0 to below 1
 * @returns seconds from now, or null when no try is left: dead letter
 */
export function nextAttempt(
  attempt: number,
  { backoffSeconds = 30, maxAttempts = 8, retryAfterSeconds = 0 }: RetryPolicy = {},
  random: () => number = Math.random,
): number | null {
  if (attempt >= maxAttempts) return null;
  const longest = Math.max(LONGEST_WAIT_SECONDS, backoffSeconds);
  const wait = random() * Math.min(longest, backoffSeconds * 2 ** (attempt - 1));
  return Math.max(wait, retryAfterSeconds);
}

/**
 * Seconds since a moment that a record has; 0 of one to come, for clocks differ.
 *
 * @param at RFC 3339
 * @param now epoch milliseconds
 */
export function secondsSince(at: string, now: number): number {
  return Math.max(0, (now - Date.parse(at)) / 1000);
}

/**
 * A bucket of 2^k seconds is begun once it lies at least this many times its length in the past: so the gap before a
 * checkpoint is never longer than half its age.
 */
const LENGTHS_AGO = 2;

/** Something that happened at a time, and may go. */
export interface Timed {
  id: string;
  /** Epoch seconds. */
  time: number;
}

/**
 * Exponential thinning: of each bucket of time the oldest stays. Buckets are 2^k seconds long, begin at multiples of
 * their length and, as they age, melt by two and two. What is younger than about two seconds stays as it is.
 *
 * - Where checkpoints come every `spacing` seconds, a kept one of age a has its older neighbour at no more than
 *   1.5 a + 1.5 spacing; at most four in each doubling of age stay (about 60 in a year of any density).
 * - The survivor of two buckets is the survivor of the first that has one: what has gone is never missed, and it
 *   does not matter how often, when, or in how many steps a past is thinned.
 *
 * @param now epoch seconds
 * @returns the ids that stay
 */
export function thinned(all: readonly Timed[], now: number): Set<string> {
  const survivors = new Map<string, Timed>();
  for (const each of all) {
    const bucket = bucketOf(each, now);
    const known = survivors.get(bucket);
    if (!known || each.time < known.time) survivors.set(bucket, each);
  }
  return new Set([...survivors.values()].map(({ id }) => id));
}

/** The longest bucket that is far enough in the past as a whole; of what is too young, one of its own. */
function bucketOf({ id, time }: Timed, now: number): string {
  let found = `own ${id}`;
  for (let length = 1; ; length *= 2) {
    const start = Math.floor(time / length) * length;
    if (now - (start + length) < LENGTHS_AGO * length) return found;
    found = `${length} ${start}`;
  }
}

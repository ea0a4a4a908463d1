/**
 * A histogram that adds up: buckets whose bounds grow by one factor, as DDSketch has them (Masson, Rim and Lee, VLDB
 * 2019). A quantile read from it is off by at most `RELATIVE_ERROR`, however many functions counted.
 */
export type Bins = ReadonlyMap<number, number>;

const PER_OCTAVE = 4;
const FACTOR = 2 ** (1 / PER_OCTAVE);

/** Of a duration between 61 µs and 17 minutes, 8.7 %; what is beyond counts as that. */
export const RELATIVE_ERROR = (FACTOR - 1) / (FACTOR + 1);

/** In powers of two of a second. */
const LEAST_OCTAVE = -14;
const MOST_OCTAVE = 10;

/** The bucket of a duration: above `FACTOR ** (bin - 1)` seconds, up to `FACTOR ** bin`. */
export function binOf(seconds: number): number {
  const bin = Math.ceil(Math.log2(seconds) * PER_OCTAVE);
  return Math.min(MOST_OCTAVE * PER_OCTAVE, Math.max(LEAST_OCTAVE * PER_OCTAVE, bin));
}

/** The duration that a share `q` of all does not exceed; null where there are none. */
export function quantile(bins: Bins, q: number): number | null {
  const rank = q * (totalOf(bins) - 1);
  let below = 0;
  for (const [bin, count] of [...bins].sort(([a], [b]) => a - b)) {
    below += count;
    if (below > rank) return (2 * FACTOR ** bin) / (FACTOR + 1);
  }
  return null;
}

export function totalOf(bins: Bins): number {
  return [...bins.values()].reduce((sum, count) => sum + count, 0);
}

/** How many took so long at most, by powers of two: the same bounds for all, so that they can be put side by side. */
export function cumulative(bins: Bins): { seconds: number; count: number }[] {
  return Array.from({ length: MOST_OCTAVE - LEAST_OCTAVE }, (_, i) => {
    const octave = LEAST_OCTAVE + i;
    const within = [...bins].filter(([bin]) => bin <= octave * PER_OCTAVE);
    return { seconds: 2 ** octave, count: totalOf(new Map(within)) };
  });
}

/**
 * As OpenTelemetry has such a histogram: `counts[i]` are above `base ** (offset + i)`, up to `base ** (offset + i + 1)`, where
 * `base` is `2 ** 2 ** -scale`. What is too short to be told apart counts as zero.
 */
export function exponential(bins: Bins) {
  const least = LEAST_OCTAVE * PER_OCTAVE;
  const above = [...bins.keys()].filter((bin) => bin > least);
  const first = Math.min(...above);
  const length = above.length > 0 ? Math.max(...above) - first + 1 : 0;
  return {
    scale: Math.log2(PER_OCTAVE),
    zeroThreshold: 2 ** LEAST_OCTAVE,
    zeroCount: bins.get(least) ?? 0,
    offset: length > 0 ? first - 1 : 0,
    counts: Array.from({ length }, (_, i) => bins.get(first + i) ?? 0),
  };
}

export function addBins(all: readonly Bins[]): Bins {
  const sum = new Map<number, number>();
  for (const bins of all) for (const [bin, count] of bins) sum.set(bin, (sum.get(bin) ?? 0) + count);
  return sum;
}

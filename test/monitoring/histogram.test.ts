import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  addBins,
  binOf,
  cumulative,
  exponential,
  quantile,
  RELATIVE_ERROR,
} from "../../src/monitoring/histogram.ts";

const seconds = fc.double({ min: 2 ** -14, max: 2 ** 10, noNaN: true });

function binsOf(all: readonly number[]): Map<number, number> {
  const bins = new Map<number, number>();
  for (const each of all) bins.set(binOf(each), (bins.get(binOf(each)) ?? 0) + 1);
  return bins;
}

/** The quantiles that are not within the stated error of the true ones. */
function wrong(all: readonly number[], bins: ReadonlyMap<number, number>): number[] {
  const sorted = [...all].sort((a, b) => a - b);
  return [0, 0.5, 0.9, 0.99, 1].filter((q) => {
    const truth = sorted[Math.floor(q * (sorted.length - 1))]!;
    return Math.abs(quantile(bins, q)! - truth) > truth * (RELATIVE_ERROR + 1e-9);
  });
}

test("a quantile is within the stated error of the true one, counted in two places as in one", () => {
  fc.assert(
    fc.property(fc.array(seconds, { minLength: 1 }), fc.array(seconds), (here, there) => {
      expect(wrong([...here, ...there], addBins([binsOf(here), binsOf(there)]))).toEqual([]);
    }),
  );
});

test("a bucket beside the right one would be seen", () => {
  const all = Array.from({ length: 100 }, (_, i) => 0.001 * (i + 1));
  const beside = new Map([...binsOf(all)].map(([bin, count]) => [bin + 1, count]));
  expect(wrong(all, binsOf(all))).toEqual([]);
  expect(wrong(all, beside).length).toBeGreaterThan(3);
});

test("what lies beyond the buckets counts as their edge, nothing as nothing", () => {
  expect([binOf(0), binOf(1e-9), binOf(1e9)]).toEqual([-56, -56, 40]);
  expect(quantile(new Map(), 0.5)).toBeNull();
});

test("the bounds that are scraped hold what lies within them", () => {
  const buckets = cumulative(binsOf([0.4, 0.5, 0.6, 3]));
  const within = (bound: number) => buckets.find(({ seconds: each }) => each === bound)!.count;
  expect([0.25, 0.5, 1, 2, 4].map(within)).toEqual([0, 2, 3, 3, 4]);
});

test("as OpenTelemetry has it, each bucket holds just what lies within its bounds", () => {
  fc.assert(
    fc.property(fc.array(seconds, { minLength: 1 }), (all) => {
      const { scale, offset, counts, zeroCount, zeroThreshold } = exponential(binsOf(all));
      // Logarithms to the base `2 ** 2 ** -scale`.
      const place = (each: number) => Math.log2(each) * 2 ** scale;
      const between = (from: number, to: number) =>
        all.filter((each) => place(each) > from && place(each) <= to).length;
      expect(counts).toEqual(counts.map((_, i) => between(offset + i, offset + i + 1)));
      expect(zeroCount).toBe(between(Number.NEGATIVE_INFINITY, place(zeroThreshold)));
      expect(zeroCount + counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
    }),
  );
});

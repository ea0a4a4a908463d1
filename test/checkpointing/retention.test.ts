import { describe, expect, it } from "vitest";
import { dense, keepLast, planned, worst } from "../../bench/retention/measure.ts";
import { discrepancy, thinner } from "../../src/checkpointing/retention.ts";

const SLOTS = Array.from({ length: 57 }, (_, index) => index + 3);
const BOUND = 1.55;

describe("discrepancy", () => {
  it("is 1 when all gaps are equal, and counts those to 0 and to now", () => {
    expect(discrepancy([1, 2, 3], 4)).toBe(1);
    expect(discrepancy([2, 3], 4)).toBe(1.5);
    expect(discrepancy([1, 2], 4)).toBe(1.5);
    expect(discrepancy([], 4)).toBe(1);
  });
});

describe("k slots", () => {
  it.each(SLOTS)("k = %i: at most 1.55 at the times it chooses, over 60 doublings", (k) => {
    const { drop, next } = thinner(k);
    expect(worst(k, drop, planned(next, 2 ** 60), k + 1)).toBeLessThanOrEqual(BOUND);
  });

  it.each(SLOTS)("k = %i: at most 1.55 with 1,000 arrivals a doubling", (k) => {
    expect(worst(k, thinner(k).drop, dense(1000, 11), k + 1)).toBeLessThanOrEqual(BOUND);
  });

  it.each([3, 7, 16, 59])("k = %i: at most 1.55 with sequence numbers", (k) => {
    const numbers = Array.from({ length: 8000 }, (_, index) => index + 1);
    expect(worst(k, thinner(k).drop, numbers, 1000)).toBeLessThanOrEqual(BOUND);
  });

  it("control: keeping the last k is far above the bound for every k", () => {
    for (const k of SLOTS) expect(worst(k, keepLast(k), dense(1000, 7), k + 1)).toBeGreaterThan(2);
  });

  it("control: dropping whose neighbours are closest, among all arrivals, is above the bound", () => {
    const eager = (times: readonly number[]) => (times.length > 20 ? narrowest(times) : null);
    expect(worst(20, eager, dense(1000, 11), 21)).toBeGreaterThan(BOUND);
  });
});

describe("what must stay", () => {
  it("drops nothing while there is room", () => {
    expect(thinner(4).drop([1, 2, 3, 4])).toBeNull();
    expect(thinner(4).drop([])).toBeNull();
  });

  it("keeps what is protected, on top of the slots, and the bound with it", () => {
    const { drop } = thinner(10);
    const newestStays = (times: readonly number[]) => drop(times, (index) => index === times.length - 1);
    expect(worst(10, newestStays, dense(1000, 11), 11)).toBeLessThanOrEqual(BOUND);
    expect(drop([1, 2, 3], () => true)).toBeNull();
    expect(thinner(1).drop([5, 6, 7], (index) => index !== 1)).toBeNull();
    expect(thinner(1).drop([5, 6, 7], (index) => index === 1)).not.toBe(1);
  });

  it("gives up the newest only when it came too soon after the one before", () => {
    expect(thinner(3).drop([1, 1.7, 2.7, 2.8])).toBe(3);
    expect(thinner(3).drop([1, 1.7, 2.7, 4.3])).toBe(0);
  });

  it.each([1, 2, 5, 20, 100])(
    "k = %i: comes down to k from any number, with equal times and 0 among them",
    (k) => {
      let kept = [0, 0, ...Array.from({ length: 300 }, (_, index) => Math.floor(index / 3) ** 2)].sort(
        (a, b) => a - b,
      );
      for (let at = thinner(k).drop(kept); at !== null; at = thinner(k).drop(kept))
        kept = kept.toSpliced(at, 1);
      expect(kept).toHaveLength(k);
    },
  );

  it("recovers after a stretch without arrivals", () => {
    for (const k of [3, 6, 9, 30]) {
      const arrivals = [...dense(1000, 12)].filter((time) => time < 30 || time > 45);
      expect(worst(k, thinner(k).drop, arrivals, 45 * (k + 1))).toBeLessThanOrEqual(BOUND);
    }
  });

  it.each([0, -1, 2.5, Number.NaN])("refuses %d slots", (k) => {
    expect(() => thinner(k)).toThrow(RangeError);
  });
});

function narrowest(times: readonly number[]): number {
  const gaps = times.slice(1).map((next, index) => next - (times[index - 1] ?? 0));
  return gaps.indexOf(Math.min(...gaps));
}

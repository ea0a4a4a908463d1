import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { thinned } from "../../../src/recovery/retention/thin.ts";

const START = 1_790_000_000;
const at = (time: number) => ({ id: String(time), time });
const every = (spacing: number, count: number) =>
  Array.from({ length: count }, (_, i) => at(START + i * spacing));

/** Ages of what stays, youngest first. */
function ages(all: readonly { id: string; time: number }[], now: number): number[] {
  const stay = thinned(all, now);
  return all
    .filter(({ id }) => stay.has(id))
    .map(({ time }) => now - time)
    .sort((a, b) => a - b);
}

const past = fc.uniqueArray(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 60 });

describe("thinned", () => {
  it("leaves no gap of more than half the age of what follows it, and half a spacing more", () => {
    const runs = fc.property(
      fc.double({ min: 0.05, max: 900, noNaN: true }),
      fc.integer({ min: 2, max: 4000 }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (spacing, count, wait) => {
        const all = every(spacing, count);
        const now = all.at(-1)!.time + wait;
        const kept = ages(all, now);
        for (const [i, age] of kept.slice(1).entries())
          expect(age).toBeLessThanOrEqual(1.5 * kept[i]! + 1.5 * spacing + 1e-3);
        // The oldest of all is the oldest of its bucket.
        expect(kept.at(-1)).toBe(now - START);
      },
    );
    fc.assert(runs, { numRuns: 200 });
  });

  it("keeps at most four in a doubling of age", () => {
    const all = every(1, 100_000);
    const kept = ages(all, START + 100_000);
    for (let from = 4; from < 100_000; from *= 2)
      expect(kept.filter((age) => age >= from && age < 2 * from).length).toBeLessThanOrEqual(4);
    expect(kept.length).toBeLessThan(50);
  });

  it("comes to the same in however many steps, and whenever", () => {
    const property = fc.property(past, fc.array(fc.nat(400_000), { maxLength: 8 }), (offsets, steps) => {
      const all = offsets.map((offset) => at(START + offset));
      const end = START + 500_000;
      let kept = all;
      for (const step of steps.sort((a, b) => a - b)) {
        const now = START + step;
        // What was not there yet cannot have been thinned.
        const known = kept.filter(({ time }) => time <= now);
        const stay = thinned(known, now);
        kept = kept.filter(({ id, time }) => time > now || stay.has(id));
      }
      expect(thinned(kept, end)).toEqual(thinned(all, end));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("keeps all that are younger than two seconds, one of equal times, and nothing of nothing", () => {
    expect(ages(every(0.1, 10), START + 1)).toHaveLength(10);
    const twins = [
      { id: "a", time: START },
      { id: "b", time: START },
    ];
    expect(thinned(twins, START + 1000)).toEqual(new Set(["a"]));
    expect(thinned([], START).size).toBe(0);
    expect(thinned([at(START + 50)], START).size).toBe(1);
  });
});

import { describe, expect, test } from "vitest";
import { A_TEST, expectNothing, replay, SEED, SEEDS, starts, TIMEOUT } from "./seeds.ts";
import { simulate } from "./simulate.ts";

/** The whole service with its clients, its clock, its store and all that goes wrong, in one thread of virtual time. */
describe("the invariants hold, whatever goes wrong (first half of the seeds)", () => {
  test.each(starts(0))(`seeds from %i`, { timeout: TIMEOUT }, async (from) => {
    await expectNothing(from, Math.min(from + A_TEST, SEEDS));
  });

  test.runIf(SEED !== undefined)("the one seed", { timeout: TIMEOUT }, async () => {
    const trace = await replay(Number(SEED));
    console.log(trace);
    expect(trace).toMatch(/no violation$/);
  });
});

describe("a seed decides everything", () => {
  test.runIf(SEED === undefined)("200 seeds run alike again", { timeout: TIMEOUT }, async () => {
    const seeds = Array.from({ length: 200 }, (_, i) => 1_000_000 + i);
    const digests: string[] = [];
    for (const seed of seeds) digests.push((await simulate(seed, {}, true)).digest);
    expect(new Set(digests).size).toBe(seeds.length);
    // The other way round: nothing may last from one run to the next.
    for (const [i, seed] of [...seeds.entries()].reverse())
      expect((await simulate(seed, {}, true)).digest, `seed ${seed}`).toBe(digests[i]);
  });
});

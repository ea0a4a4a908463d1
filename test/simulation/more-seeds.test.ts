import { describe, test } from "vitest";
import { A_TEST, expectNothing, SEED, SEEDS, starts, TIMEOUT } from "./seeds.ts";

/** A file of its own, so that a second core takes part. */
describe.skipIf(SEED !== undefined)("the invariants hold (second half of the seeds)", () => {
  test.each(starts(1))(`seeds from %i`, { timeout: TIMEOUT }, async (from) => {
    await expectNothing(from, Math.min(from + A_TEST, SEEDS));
  });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { type AmbiguityRig, startAmbiguity } from "../support/ambiguity/redis.ts";
import { trials, twins } from "../support/ambiguity/trial.ts";
import { VERBS } from "../support/ambiguity/verbs.ts";

let rig: AmbiguityRig;

beforeAll(async () => {
  rig = await startAmbiguity("tcp");
}, 120_000);

afterAll(() => rig?.stop());

test.each([
  ["an answer that is dropped after the commit", "drop"],
  ["a client that gives up, and a commit that lands late", "late"],
  ["a request that is cut off", "cut"],
] as const)(
  "thirty trials of every verb are applied once, and told the truth: %s",
  async (_what, course) => {
    const { wrong, unavailable, trials: made } = await trials(rig.disturbed(course));
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * VERBS.length);
    // A single lost answer is found out, and told as if it had not been lost.
    expect(unavailable).toBeLessThan(made / 10);
  },
  120_000,
);

test("two requests at the same time under one key have one effect", async () => {
  expect(await twins(rig.disturbed("pass"))).toEqual([]);
}, 120_000);

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AmbiguityRig, startAmbiguity } from "../support/ambiguity/postgres.ts";
import { trials, twins } from "../support/ambiguity/trial.ts";
import { VERBS } from "../support/ambiguity/verbs.ts";
import { SOME } from "./ambiguous.ts";

const DROPPED = ["an answer that is dropped after the commit", "drop"] as const;
const LATE = ["a client that gives up, and a commit that lands late", "late"] as const;
const FAILED = ["a 5xx after the commit", "5xx"] as const;

describe.each([
  ["tcp", [DROPPED, LATE]],
  ["neon", [DROPPED, LATE, FAILED]],
] as const)("postgres over %s", (kind, courses) => {
  let rig: AmbiguityRig;
  beforeAll(async () => {
    rig = await startAmbiguity(kind);
  });
  afterAll(() => rig?.stop());

  test.each(courses)("thirty trials a verb, applied once and told the truth: %s", async (_, course) => {
    const verbs = course === "drop" ? VERBS : SOME;
    const { wrong, unavailable, trials: made } = await trials(rig.disturbed(course), verbs);
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * verbs.length);
    // A single lost answer is found out, and told as if it had not been lost.
    expect(unavailable).toBeLessThan(made / 10);
  });

  test("two requests at the same time under one key have one effect", async () => {
    expect(await twins(rig.disturbed("pass"))).toEqual([]);
  });
});

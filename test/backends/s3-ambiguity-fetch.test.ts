import { afterEach, beforeEach, expect, test } from "vitest";
import { trials, twins } from "../support/ambiguity/trial.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { COURSES, disturbedS3, SOME } from "./ambiguous.ts";

const MINUTES = 120_000;
let s3: S3Server;

beforeEach(async () => {
  s3 = await startS3();
});

afterEach(() => s3.stop());

test.each(COURSES)(
  "thirty trials each, applied once and told the truth: %s",
  async (_what, how) => {
    const { wrong, unavailable, trials: made } = await trials(disturbedS3(s3, "fetch", how), SOME);
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * SOME.length);
    expect(unavailable).toBeLessThan(made / 10);
  },
  MINUTES,
);

test(
  "two requests at the same time under one key have one effect",
  async () => {
    expect(await twins(disturbedS3(s3, "fetch", null), SOME)).toEqual([]);
  },
  MINUTES,
);

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { trials, twins } from "../support/ambiguity/trial.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { COURSES, disturbedDynamo, SOME } from "./ambiguous.ts";

const MINUTES = 120_000;
let dynamo: DynamoServer;
let s3: S3Server;

beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});

afterEach(() => {
  dynamo.requests.length = 0;
});

afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

test.each(COURSES)(
  "thirty trials each with frames on S3, applied once and told the truth: %s",
  async (_what, how) => {
    const store = await disturbedDynamo(dynamo, how, s3);
    const { wrong, unavailable, trials: made } = await trials(store, SOME);
    store.undo();
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * SOME.length);
    expect(unavailable).toBeLessThan(made / 10);
  },
  MINUTES,
);

test(
  "two requests at the same time under one key have one effect",
  async () => {
    expect(await twins(await disturbedDynamo(dynamo, null, s3), SOME)).toEqual([]);
  },
  MINUTES,
);

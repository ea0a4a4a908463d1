import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Disturbed, trials } from "../support/ambiguity/trial.ts";
import { VERBS } from "../support/ambiguity/verbs.ts";
import { type DynamoFault, type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { COURSES, disturbedDynamo, SOME } from "./ambiguous.ts";

const resends = vi.hoisted(() => ({ on: false }));

/** The SDK as it is, but for the resends that the driver turns off: these can be left on. */
vi.mock("@aws-sdk/client-dynamodb", async (load) => {
  const sdk = await load<typeof import("@aws-sdk/client-dynamodb")>();
  class DynamoDBClient extends sdk.DynamoDBClient {
    constructor(config: DynamoDBClientConfig) {
      const { maxAttempts: _one, ...others } = config;
      super(resends.on ? others : config);
    }
  }
  return { ...sdk, DynamoDBClient };
});

const MINUTES = 120_000;
let dynamo: DynamoServer;
let undo = () => {};

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterEach(() => {
  resends.on = false;
  undo();
  dynamo.requests.length = 0;
});

afterAll(() => dynamo.stop());

/** With frames in the item. */
async function disturbed(how: DynamoFault): Promise<Disturbed> {
  const store = await disturbedDynamo(dynamo, how);
  undo = store.undo;
  return store;
}

test.each(COURSES)(
  "thirty trials each, applied once and told the truth: %s",
  async (_what, how) => {
    const { wrong, unavailable, trials: made } = await trials(await disturbed(how), SOME);
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * SOME.length);
    // A single lost answer is found out, and told as if it had not been lost.
    expect(unavailable).toBeLessThan(made / 10);
  },
  MINUTES,
);

test.each(["dropAfter", "errorAfter"] as const)(
  "control: with the resends that the SDK has by default, every first answer after %s is a replay of itself",
  async (how) => {
    const verbs = VERBS.filter(({ name }) => ["save", "checkpoint", "heartbeat"].includes(name));
    resends.on = true;
    const { wrong, trials: made } = await trials(await disturbed(how), verbs);
    expect(wrong.length).toBe(made);
  },
  MINUTES,
);

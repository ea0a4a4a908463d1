import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { s3Store } from "../../src/backends/object/s3.ts";
import { trials, twins } from "../support/ambiguity/trial.ts";
import { VERBS } from "../support/ambiguity/verbs.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { COURSES, disturbedS3, SOME } from "./ambiguous.ts";

const resends = vi.hoisted(() => ({ on: false }));

/** The SDK as it is, but for the resends that the driver turns off: these can be left on. */
vi.mock("@aws-sdk/client-s3", async (load) => {
  const sdk = await load<typeof import("@aws-sdk/client-s3")>();
  class S3Client extends sdk.S3Client {
    constructor(config: S3ClientConfig) {
      const { maxAttempts: _one, ...others } = config;
      super(resends.on ? others : config);
    }
  }
  return { ...sdk, S3Client };
});

const MINUTES = 120_000;
let s3: S3Server;

beforeEach(async () => {
  s3 = await startS3();
});

afterEach(async () => {
  resends.on = false;
  await s3.stop();
});

test.each(COURSES)(
  "thirty trials a verb, applied once and told the truth: %s",
  async (_what, how) => {
    const { wrong, unavailable, trials: made } = await trials(disturbedS3(s3, "sdk", how), SOME);
    expect(wrong).toEqual([]);
    expect(made).toBe(30 * SOME.length);
    // A single lost answer is found out, and told as if it had not been lost.
    expect(unavailable).toBeLessThan(made / 10);
  },
  MINUTES,
);

test(
  "two requests at the same time under one key have one effect",
  async () => {
    expect(await twins(disturbedS3(s3, "sdk", null), SOME)).toEqual([]);
  },
  MINUTES,
);

test.each(["dropAfter", "errorAfter"] as const)(
  "control: with the resends that the SDK has by default, every first answer after %s is a replay of itself",
  async (how) => {
    const verbs = VERBS.filter(({ name }) => ["save", "checkpoint", "heartbeat"].includes(name));
    resends.on = true;
    const { wrong, trials: made } = await trials(disturbedS3(s3, "sdk", how), verbs);
    expect(wrong.length).toBe(made);
  },
  MINUTES,
);

test("control: with them a put says that nothing was written, of what it wrote itself", async () => {
  resends.on = true;
  const store = s3Store({ ...s3, endpoint: s3.url, client: "sdk" });
  s3.fail({ how: "dropAfter", method: "PUT" });
  expect(await store.put("a", new Uint8Array([1]), "absent")).toBeNull();
  expect(s3.objects.has("a")).toBe(true);
});

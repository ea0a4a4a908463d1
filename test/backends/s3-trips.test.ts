import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { mostRequests } from "./warm-work.ts";

const KEY = { tenant: "trips", pipelineId: "p" };
let s3: S3Server;

beforeEach(async () => {
  s3 = await startS3();
});
afterEach(() => s3.stop());

describe.each(["sdk", "fetch"] as const)("object on S3, by the %s client", (client) => {
  const open = () => objectBackend({ store: s3Store({ ...s3, endpoint: s3.url, client }) });

  test("a warm save, checkpoint and heartbeat of a small state are one conditional put each", async () => {
    const count = () => s3.requests.length;
    const most = await mostRequests(open(), KEY, { count, bytes: 2048, rounds: 3 });
    expect(most).toEqual({ save: 1, "save with a checkpoint": 1, checkpoint: 1, heartbeat: 1 });
    const puts = s3.requests.filter(({ method, key }) => method === "PUT" && key === "heads/trips/p");
    expect(puts.length).toBe(2 + 4 * 3);
  });

  test("however many there are: never more than one conditional put, seldom anything beside it", async () => {
    const heads = () => s3.requests.filter(({ key }) => key.startsWith("heads/")).length;
    const rounds = 40;
    const most = await mostRequests(open(), KEY, { count: heads, bytes: 4096, rounds });
    expect(most).toEqual({ save: 1, "save with a checkpoint": 1, checkpoint: 1, heartbeat: 1 });
    // Segments of what the head sheds: eight frames each, of two saves a round.
    const others = s3.requests.length - heads();
    expect(others).toBeLessThanOrEqual((2 * rounds) / 8);
  });

  test("a large state is put first: two requests", async () => {
    const count = () => s3.requests.length;
    const most = await mostRequests(open(), KEY, { count, bytes: 100_000, rounds: 3 });
    expect(most).toEqual({ save: 2, "save with a checkpoint": 2, checkpoint: 1, heartbeat: 1 });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { mostRequests } from "./warm-work.ts";

const KEY = { tenant: "trips", pipelineId: "p" };
let dynamo: DynamoServer;
let s3: S3Server;

beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
beforeEach(() => {
  dynamo.requests.length = 0;
  s3.requests.length = 0;
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

describe.each(["s3", "rows"] as const)("dynamodb, large frames in %s", (frames) => {
  const open = async () => {
    const table = await dynamo.makeTable();
    const store = s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table });
    return dynamodbBackend({ ...dynamo, table, ...(frames === "s3" ? { s3: store } : {}) });
  };
  const count = () => dynamo.requests.length + s3.requests.length;

  test("a warm save and heartbeat are one request, with a checkpoint two", async () => {
    const most = await mostRequests(await open(), KEY, { count, bytes: 2048, rounds: 30 });
    expect(most).toEqual({ save: 1, "save with a checkpoint": 2, checkpoint: 2, heartbeat: 1 });
    expect(s3.requests).toEqual([]);
  });

  test("one request of those is the conditional update", async () => {
    const updates = () => dynamo.requests.filter(({ operation }) => operation === "UpdateItem").length;
    const most = await mostRequests(await open(), KEY, { count: updates, bytes: 20_000, rounds: 10 });
    expect(most).toEqual({ save: 1, "save with a checkpoint": 1, checkpoint: 1, heartbeat: 1 });
  });

  test("a state that the item does not carry is written first: two requests", async () => {
    const most = await mostRequests(await open(), KEY, { count, bytes: 20_000, rounds: 3 });
    // Rows travel together; an object is a request of its own.
    const both = frames === "s3" ? 3 : 2;
    expect(most).toEqual({ save: 2, "save with a checkpoint": both, checkpoint: 2, heartbeat: 1 });
  });
});

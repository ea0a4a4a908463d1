import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { openClient, startRedis } from "../../src/cli/local/redis.ts";
import { randomFrom } from "../frames/delta/versions.ts";
import { startDynamo } from "../support/dynamo.ts";
import { memoryStore } from "../support/memory-store.ts";
import { startS3 } from "../support/s3-server/server.ts";
import { dynamoMedium } from "../support/tamper/dynamodb.ts";
import { overlaid, type Tampered } from "../support/tamper/medium.ts";
import { objectMedium } from "../support/tamper/object.ts";
import { postgresMedium } from "../support/tamper/postgres.ts";
import { redisMedium } from "../support/tamper/redis.ts";
import { corrupt } from "../support/tamper/trial.ts";
import { noDigest } from "./planted.ts";

const EDITS = 100;
const SEED = 20261123;

const planted = vi.hoisted(() => ({ noDigest: false }));

vi.mock(import("../../src/frames/frame.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    decodeFrame: (key, record, stored, options) =>
      planted.noDigest
        ? noDigest(key, record, stored).catch(() => ({ ok: false, problem: "", frameId: "" }))
        : real.decodeFrame(key, record, stored, options),
  };
});

type Opened = Tampered & { stop(): Promise<void> };

async function overMemory(): Promise<Opened> {
  return { ...overlaid(memoryBackend()), stop: async () => {} };
}

async function overObjects(): Promise<Opened> {
  const store = memoryStore();
  return { backend: objectBackend({ store }), medium: objectMedium(store), stop: async () => {} };
}

async function overPostgres(): Promise<Opened> {
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  const backend = postgresBackend({ runner });
  const stop = async () => {
    await backend.close();
    await server.stop();
  };
  return { backend, medium: postgresMedium(runner), stop };
}

async function overRedis(): Promise<Opened> {
  const server = await startRedis();
  const client = await openClient(server.url);
  const backend = redisBackend({ transport: "tcp", url: server.url });
  const stop = async () => {
    client.destroy();
    await backend.close();
    await server.stop();
  };
  return { backend, medium: redisMedium(client), stop };
}

async function overDynamo(): Promise<Opened> {
  const [dynamo, server] = await Promise.all([startDynamo(), startS3()]);
  const table = await dynamo.makeTable();
  const s3 = s3Store({ ...server, endpoint: server.url, client: "fetch" });
  const stop = async () => {
    await dynamo.stop();
    await server.stop();
  };
  return {
    backend: dynamodbBackend({ ...dynamo, table, s3 }),
    medium: dynamoMedium(dynamo, table, s3),
    stop,
  };
}

describe.each([
  ["memory", overMemory],
  ["object", overObjects],
  ["postgres", overPostgres],
  ["redis", overRedis],
  ["dynamodb", overDynamo],
] as const)("edits of stored bytes: %s", (_name, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.stop());

  test(`${EDITS} are detected, and none is served`, async () => {
    const { edits, detected, served } = await corrupt(opened, EDITS, randomFrom(SEED));
    expect(served).toEqual([]);
    expect([edits, detected]).toEqual([EDITS, EDITS]);
  });
});

test("without the digests, edits are served", async () => {
  planted.noDigest = true;
  const found = await corrupt(await overMemory(), EDITS, randomFrom(SEED), ["plain"]).finally(() => {
    planted.noDigest = false;
  });
  expect(found.served.length).toBeGreaterThan(EDITS / 10);
});

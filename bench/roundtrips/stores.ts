import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { startNeon } from "../../src/cli/local/neon.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash } from "../../src/cli/local/upstash.ts";
import { startDynamo } from "../../test/support/dynamo.ts";
import { type Relay, startRelay } from "../../test/support/relay.ts";
import { startS3 } from "../../test/support/s3-server/server.ts";

export const OPERATIONS = ["save", "save + checkpoint", "checkpoint", "heartbeat"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One way to one store, through a relay. */
export interface Line {
  backend: StorageBackend;
  /** Requests on the wire so far, and those that are limited. */
  count(): { requests: number; limited: number };
  /** What is limited, and to how much: exactly so many, or at most. */
  unit: "round trips" | "conditional PUTs";
  limits: Readonly<Record<Operation, number>>;
  exactly: boolean;
  stop(): Promise<void>;
}

const ONE: Line["limits"] = { save: 1, "save + checkpoint": 1, checkpoint: 1, heartbeat: 1 };
const TWO_WITH_CHECKPOINT: Line["limits"] = { ...ONE, "save + checkpoint": 2, checkpoint: 2 };

/** Each starts the servers it needs. */
export const STORES: Readonly<Record<string, () => Promise<Line>>> = {
  "postgres, TCP": postgresOverTcp,
  "postgres, Neon HTTP": postgresOverNeon,
  "redis, TCP": redisOverTcp,
  "redis, Upstash REST": redisOverUpstash,
  "object, S3 by fetch": () => objectOnS3("fetch"),
  "object, S3 by AWS's SDK": () => objectOnS3("sdk"),
  "dynamodb, frames inline": dynamodb,
};

type Stoppable = { stop(): Promise<void> };

function line(
  about: Pick<Line, "backend" | "limits"> & Partial<Line>,
  relay: Relay,
  others: Stoppable[],
): Line {
  return {
    unit: "round trips",
    exactly: false,
    count: () => ({ requests: relay.exchanges, limited: relay.exchanges }),
    ...about,
    async stop() {
      await about.backend.close();
      for (const each of [relay, ...others]) await each.stop();
    },
  };
}

function withPort(url: string, port: number): string {
  return Object.assign(new URL(url), { port: String(port) }).href;
}

async function migrated() {
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  await runner.close();
  return server;
}

async function postgresOverTcp(): Promise<Line> {
  const server = await migrated();
  const relay = await startRelay(Number(new URL(server.url).port));
  const backend = postgresBackend({ transport: "tcp", url: withPort(server.url, relay.port) });
  return line({ backend, limits: ONE, exactly: true }, relay, [server]);
}

async function postgresOverNeon(): Promise<Line> {
  const server = await migrated();
  const neon = await startNeon(server.url);
  const relay = await startRelay(Number(new URL(neon.endpoint).port));
  const at = { url: withPort(neon.url, relay.port), endpoint: withPort(neon.endpoint, relay.port) };
  const backend = postgresBackend({ transport: "neon", ...at });
  return line({ backend, limits: ONE, exactly: true }, relay, [neon, server]);
}

async function redisOverTcp(): Promise<Line> {
  const server = await startRedis();
  const relay = await startRelay(server.port);
  const backend = redisBackend({ transport: "tcp", port: relay.port });
  return line({ backend, limits: ONE, exactly: true }, relay, [server]);
}

async function redisOverUpstash(): Promise<Line> {
  const server = await startRedis();
  const upstash = await startUpstash(server.url, "secret");
  const relay = await startRelay(upstash.port);
  const url = `http://127.0.0.1:${relay.port}`;
  const backend = redisBackend({ transport: "upstash", url, token: upstash.token });
  return line({ backend, limits: ONE, exactly: true }, relay, [upstash, server]);
}

async function objectOnS3(client: "fetch" | "sdk"): Promise<Line> {
  const s3 = await startS3();
  const relay = await startRelay(Number(new URL(s3.url).port));
  let limited = 0;
  relay.mode = (packet) => {
    if (/^PUT [\s\S]*\r\nif-(none-)?match:/i.test(packet.toString("latin1"))) limited++;
    return "pass";
  };
  const backend = objectBackend({
    store: s3Store({ ...s3, endpoint: withPort(s3.url, relay.port), client }),
  });
  const count = () => ({ requests: relay.exchanges, limited });
  const limits = TWO_WITH_CHECKPOINT;
  return line({ backend, limits, count, unit: "conditional PUTs" }, relay, [s3]);
}

async function dynamodb(): Promise<Line> {
  const [dynamo, s3] = [await startDynamo(), await startS3()];
  const relay = await startRelay(Number(new URL(dynamo.endpoint).port));
  const toS3 = await startRelay(Number(new URL(s3.url).port));
  const table = await dynamo.makeTable();
  const frames = s3Store({ ...s3, endpoint: withPort(s3.url, toS3.port), client: "fetch" });
  const backend = dynamodbBackend({
    ...dynamo,
    endpoint: withPort(dynamo.endpoint, relay.port),
    table,
    s3: frames,
  });
  const count = () => {
    const requests = relay.exchanges + toS3.exchanges;
    return { requests, limited: requests };
  };
  const about = { backend, count, limits: TWO_WITH_CHECKPOINT };
  return line(about, relay, [toS3, dynamo, s3]);
}

import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { startNeon } from "../../src/cli/local/neon.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { openClient, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash } from "../../src/cli/local/upstash.ts";
import { startDynamo } from "../../test/support/dynamo.ts";
import { type Relay, type Rounds, startRelay } from "../../test/support/relay.ts";
import { startS3 } from "../../test/support/s3-server/server.ts";
import { dynamoMedium } from "../../test/support/tamper/dynamodb.ts";
import type { Medium } from "../../test/support/tamper/medium.ts";
import { objectMedium } from "../../test/support/tamper/object.ts";
import { postgresMedium } from "../../test/support/tamper/postgres.ts";
import { redisMedium } from "../../test/support/tamper/redis.ts";
import { bytesOfItems, bytesOfObjects, bytesOfRedis, bytesOfTables } from "./at-rest.ts";

export const OPERATIONS = ["save", "save + checkpoint", "checkpoint", "heartbeat"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One way to one store, through a relay. */
export interface Line {
  backend: StorageBackend;
  /** Requests on the wire so far, those that are limited, and the bytes of requests and of answers. */
  count(): { requests: number; limited: number; sent: number; received: number };
  /** How many requests of a task followed one another, once every answer takes its time. */
  rounds(task: () => Promise<unknown>): Promise<number>;
  /** All bytes that the store holds: frames, records, and what else there is. */
  atRest(): Promise<number>;
  medium: Medium;
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

/** How late answers are where rounds are counted: longer than all that goes side by side takes to be sent. */
const LATE_MILLISECONDS = 100;

function line(
  about: Pick<Line, "backend" | "limits" | "atRest" | "medium"> &
    Partial<Line> & { isLimited?: () => number },
  rounds: Rounds,
  relays: readonly Relay[],
  others: readonly Stoppable[],
): Line {
  const sum = (of: "exchanges" | "sent" | "received") => relays.reduce((all, relay) => all + relay[of], 0);
  return {
    unit: "round trips",
    exactly: false,
    count() {
      const requests = sum("exchanges");
      const bytes = { sent: sum("sent"), received: sum("received") };
      return { requests, limited: about.isLimited?.() ?? requests, ...bytes };
    },
    async rounds(task) {
      const modes = relays.map(({ mode }) => mode);
      for (const relay of relays) Object.assign(relay, { mode: "delay", lateBy: () => LATE_MILLISECONDS });
      rounds.done = 0;
      await task();
      for (const [i, relay] of relays.entries()) relay.mode = modes[i]!;
      return rounds.done;
    },
    ...about,
    async stop() {
      await about.backend.close();
      for (const each of [...relays, ...others]) await each.stop();
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

/** What looks at a store past the relay. */
async function behindPostgres(url: string) {
  const runner = postgresRunner({ transport: "tcp", url });
  const look = { medium: postgresMedium(runner), atRest: () => bytesOfTables(runner) };
  return { look, runner: { stop: () => runner.close() } };
}

async function behindRedis(url: string) {
  const client = await openClient(url);
  const look = { medium: redisMedium(client), atRest: () => bytesOfRedis(client) };
  return { look, client: { stop: async () => client.destroy() } };
}

async function postgresOverTcp(): Promise<Line> {
  const server = await migrated();
  const rounds = { done: 0 };
  const relay = await startRelay(Number(new URL(server.url).port), rounds);
  const backend = postgresBackend({ transport: "tcp", url: withPort(server.url, relay.port) });
  const { look, runner } = await behindPostgres(server.url);
  return line({ backend, limits: ONE, exactly: true, ...look }, rounds, [relay], [runner, server]);
}

async function postgresOverNeon(): Promise<Line> {
  const server = await migrated();
  const neon = await startNeon(server.url);
  const rounds = { done: 0 };
  const relay = await startRelay(Number(new URL(neon.endpoint).port), rounds);
  const at = { url: withPort(neon.url, relay.port), endpoint: withPort(neon.endpoint, relay.port) };
  const backend = postgresBackend({ transport: "neon", ...at });
  const { look, runner } = await behindPostgres(server.url);
  return line({ backend, limits: ONE, exactly: true, ...look }, rounds, [relay], [neon, runner, server]);
}

async function redisOverTcp(): Promise<Line> {
  const server = await startRedis();
  const rounds = { done: 0 };
  const relay = await startRelay(server.port, rounds);
  const backend = redisBackend({ transport: "tcp", port: relay.port });
  const { look, client } = await behindRedis(server.url);
  return line({ backend, limits: ONE, exactly: true, ...look }, rounds, [relay], [client, server]);
}

async function redisOverUpstash(): Promise<Line> {
  const server = await startRedis();
  const upstash = await startUpstash(server.url, "secret");
  const rounds = { done: 0 };
  const relay = await startRelay(upstash.port, rounds);
  const url = `http://127.0.0.1:${relay.port}`;
  const backend = redisBackend({ transport: "upstash", url, token: upstash.token });
  const { look, client } = await behindRedis(server.url);
  return line({ backend, limits: ONE, exactly: true, ...look }, rounds, [relay], [upstash, client, server]);
}

async function objectOnS3(client: "fetch" | "sdk"): Promise<Line> {
  const s3 = await startS3();
  const rounds = { done: 0 };
  const relay = await startRelay(Number(new URL(s3.url).port), rounds);
  let conditional = 0;
  relay.mode = (packet) => {
    if (/^PUT [\s\S]*\r\nif-(none-)?match:/i.test(packet.toString("latin1"))) conditional++;
    return "pass";
  };
  const backend = objectBackend({
    store: s3Store({ ...s3, endpoint: withPort(s3.url, relay.port), client }),
  });
  const look = {
    medium: objectMedium(s3Store({ ...s3, endpoint: s3.url, client: "fetch" })),
    atRest: async () => bytesOfObjects(s3),
  };
  const about = { backend, limits: TWO_WITH_CHECKPOINT, unit: "conditional PUTs" as const, ...look };
  return line({ ...about, isLimited: () => conditional }, rounds, [relay], [s3]);
}

async function dynamodb(): Promise<Line> {
  const [dynamo, s3] = [await startDynamo(), await startS3()];
  const rounds = { done: 0 };
  const relay = await startRelay(Number(new URL(dynamo.endpoint).port), rounds);
  const toS3 = await startRelay(Number(new URL(s3.url).port), rounds);
  const table = await dynamo.makeTable();
  const frames = s3Store({ ...s3, endpoint: withPort(s3.url, toS3.port), client: "fetch" });
  const backend = dynamodbBackend({
    ...dynamo,
    endpoint: withPort(dynamo.endpoint, relay.port),
    table,
    s3: frames,
  });
  const direct = s3Store({ ...s3, endpoint: s3.url, client: "fetch" });
  const look = {
    medium: dynamoMedium(dynamo, table, direct),
    atRest: async () => (await bytesOfItems(dynamo, table)) + bytesOfObjects(s3),
  };
  return line({ backend, limits: TWO_WITH_CHECKPOINT, ...look }, rounds, [relay, toS3], [dynamo, s3]);
}

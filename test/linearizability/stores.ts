import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { startDynamo } from "../support/dynamo.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { startS3 } from "../support/s3-server/server.ts";
import type { Place } from "./places.ts";

/** A store that several processes can share. */
export interface SharedStore {
  place: Place;
  /** How long it honours an expired lease. */
  slackSeconds: number;
  /** Between it and the services. */
  lines: Relay[];
  /** Ends it as a crash would, and starts it again over what it has kept; where it is durable. */
  crash?(): Promise<void>;
  stop(): Promise<void>;
}

export const STORES: Readonly<Record<string, () => Promise<SharedStore>>> = {
  redis,
  postgres,
  folder,
  s3,
  dynamodb,
};

/** A relay to where a URL leads, and the URL that leads there. */
async function lineTo(url: string): Promise<{ line: Relay; url: string }> {
  const line = await startRelay(Number(new URL(url).port));
  return { line, url: Object.assign(new URL(url), { port: String(line.port) }).href };
}

async function redis(): Promise<SharedStore> {
  const server = await startRedis();
  const { line, url } = await lineTo(server.url);
  return {
    place: { redis: url },
    slackSeconds: 0,
    lines: [line],
    async crash() {
      await server.kill();
      await server.restart();
    },
    async stop() {
      await line.stop();
      await server.stop();
    },
  };
}

async function postgres(): Promise<SharedStore> {
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  await runner.close();
  const { line, url } = await lineTo(server.url);
  return {
    place: { postgres: url },
    slackSeconds: 0,
    lines: [line],
    async crash() {
      await server.crash("SIGKILL");
      await server.restart();
    },
    async stop() {
      await line.stop();
      await server.stop();
    },
  };
}

async function folder(): Promise<SharedStore> {
  const path = await mkdtemp(join(tmpdir(), "cairn-linearizability-"));
  return {
    place: { folder: path },
    slackSeconds: 2,
    lines: [],
    stop: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function s3(): Promise<SharedStore> {
  const server = await startS3();
  const { bucket, region, credentials } = server;
  const { line, url: endpoint } = await lineTo(server.url);
  return {
    place: { s3: { endpoint, bucket, region, credentials } },
    slackSeconds: 2,
    lines: [line],
    async stop() {
      await line.stop();
      await server.stop();
    },
  };
}

async function dynamodb(): Promise<SharedStore> {
  const [dynamo, frames] = [await startDynamo(), await s3()];
  const { region, credentials } = dynamo;
  const table = await dynamo.makeTable();
  const { line, url: endpoint } = await lineTo(dynamo.endpoint);
  return {
    place: {
      dynamodb: { endpoint, region, credentials, table },
      s3: (frames.place as Extract<Place, { s3: object }>).s3,
    },
    slackSeconds: 2,
    lines: [line, ...frames.lines],
    async stop() {
      await line.stop();
      await dynamo.stop();
      await frames.stop();
    },
  };
}

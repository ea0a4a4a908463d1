import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { openClient, startRedis } from "../../src/cli/local/redis.ts";
import { startDynamo } from "../../test/support/dynamo.ts";
import { startS3 } from "../../test/support/s3-server/server.ts";
import { openStore, type Spec } from "./spec.ts";

/** A real store, and what its server knows of the work that it is given. */
export interface Store {
  name: string;
  spec: Spec;
  backend: StorageBackend;
  /** How many pipelines are made in one call. */
  batch: number;
  /** Records read to list what is due, so far; null: only the processes know. */
  read(): Promise<number | null>;
  /** All its work so far, in `unit`. */
  work(): Promise<number>;
  unit: string;
  /** Makes running pipelines that are not due, without their commits, where the store can. */
  multiply?(from: number, to: number): Promise<void>;
  /** Lets a minute pass on its clock, and on those of whoever goes by `spec`. */
  passMinute(): Promise<void>;
  stop(): Promise<void>;
}

export const STORES = { postgres, redis, dynamodb, s3, folder } as const;
export type StoreName = keyof typeof STORES;

/** Puts the clocks on by a minute and a little, and answers by how much they are ahead now. */
function putOn(spec: Spec): number {
  spec.aheadMilliseconds = (spec.aheadMilliseconds ?? 0) + 61_000;
  return spec.aheadMilliseconds;
}

async function postgres(): Promise<Store> {
  // Its own vacuum would be counted with the sweep.
  const server = await startPostgres({ settings: { autovacuum: "off", shared_buffers: "256MB" } });
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  const spec: Spec = { type: "postgres", url: server.url };
  return {
    name: "postgres",
    spec,
    backend: postgresBackend({ runner }),
    batch: 200,
    read: () => numberFrom(runner, ROWS_READ),
    work: () => numberFrom(runner, BUFFERS),
    unit: "buffers",
    multiply: (from, to) => multiply(runner, from, to),
    passMinute: () => run(runner, aheadBy(putOn(spec))),
    async stop() {
      await runner.close();
      await server.stop();
    },
  };
}

/** Rows, by the index that what is due is found by. What a session did is counted when it ends, or has been idle. */
const ROWS_READ = `
SELECT idx_tup_fetch::text AS number FROM pg_stat_user_indexes WHERE indexrelname = 'pipelines_due'`;

/** Pages looked at, in memory or not, of all tables and indexes of ours. */
const BUFFERS = `
SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit
  + coalesce(toast_blks_read + toast_blks_hit + tidx_blks_read + tidx_blks_hit, 0))::text AS number
FROM pg_statio_user_tables WHERE schemaname = 'cairn'`;

const aheadBy = (milliseconds: number) => `
CREATE OR REPLACE FUNCTION cairn.clock_v1() RETURNS timestamptz LANGUAGE sql VOLATILE AS $fn$
  SELECT date_trunc('milliseconds', clock_timestamp()) + ${milliseconds} * interval '1 millisecond'
$fn$`;

const MULTIPLY = `
INSERT INTO cairn.pipelines (tenant, pipeline_id, revision, version, fence, created_at, updated_at,
  lease_owner, lease_ttl, lease_expires, due_at)
SELECT 'bench', 'other-' || n, 1, 0, 1, now(), now(), '"holder"', 86400,
  now() + interval '1 day' + n * interval '1 millisecond', now() + interval '1 day' + n * interval '1 millisecond'
FROM generate_series($1::integer, $2::integer) AS n`;

async function multiply(runner: Runner, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += 100_000)
    await run(runner, MULTIPLY, [String(first), String(Math.min(to, first + 100_000) - 1)]);
  await run(runner, "VACUUM (ANALYZE, INDEX_CLEANUP ON) cairn.pipelines");
}

async function run(runner: Runner, sql: string, params: string[] = []): Promise<void> {
  await runner.query(sql, params);
}

async function numberFrom(runner: Runner, sql: string): Promise<number> {
  const [row] = await runner.query(sql, []);
  return Number(row!.number);
}

async function redis(): Promise<Store> {
  const server = await startRedis({ appendfsync: "everysec" });
  const client = await openClient(server.url);
  const watcher = await openClient(server.url);
  const heads = await countHeads(watcher);
  const spec: Spec = { type: "redis", port: server.port };
  const backend = await openStore(spec);
  return {
    name: "redis",
    spec,
    backend,
    batch: 200,
    read: async () => heads.read,
    work: async () => {
      const counts = (await client.info("commandstats")).matchAll(/calls=(\d+)/g);
      return [...counts].reduce((sum, [, calls]) => sum + Number(calls), 0);
    },
    unit: "commands",
    passMinute: async () => void putOn(spec),
    async stop() {
      await backend.close();
      for (const each of [client, watcher]) each.destroy();
      await server.stop();
    },
  };
}

/** Heads that scripts read after they had looked into the queue of what is due. A script is one step: nothing is between. */
async function countHeads(watcher: Awaited<ReturnType<typeof openClient>>): Promise<{ read: number }> {
  const heads = { read: 0 };
  let lists = false;
  await watcher.monitor((reply) => {
    const [, from = "", command = ""] = /\[\d+ (\S+)\] "(\w+)"/.exec(String(reply)) ?? [];
    if (from !== "lua") lists = false;
    else if (command.toLowerCase() === "zrangebyscore") lists = true;
    else if (lists && command.toLowerCase() === "hgetall") heads.read++;
  });
  return heads;
}

async function dynamodb(): Promise<Store> {
  const server = await startDynamo();
  const { endpoint, region, credentials } = server;
  const spec: Spec = { type: "dynamodb", endpoint, region, credentials, table: await server.makeTable() };
  const backend = await openStore(spec);
  let read = 0;
  let requests = 0;
  /** A bench makes more of them than are to be kept. */
  const take = () => {
    for (const { body, listed } of server.requests) if (body.IndexName) read += listed;
    requests += server.requests.splice(0).length;
    return { read, requests };
  };
  const timer = setInterval(take, 1000);
  return {
    name: "dynamodb",
    spec,
    backend,
    batch: 50,
    read: async () => take().read,
    work: async () => take().requests,
    unit: "requests",
    async passMinute() {
      const ahead = putOn(spec);
      server.clock.now = () => Date.now() + ahead;
    },
    async stop() {
      clearInterval(timer);
      await backend.close();
      await server.stop();
    },
  };
}

async function s3(): Promise<Store> {
  const server = await startS3();
  const { bucket, region, credentials } = server;
  const spec: Spec = { type: "s3", endpoint: server.url, bucket, region, credentials };
  const backend = await openStore(spec);
  return {
    name: "object, S3",
    spec,
    backend,
    batch: 50,
    read: async () => null,
    work: async () => server.requests.length,
    unit: "requests",
    async passMinute() {
      server.clock.ahead = putOn(spec);
    },
    async stop() {
      await backend.close();
      await server.stop();
    },
  };
}

async function folder(): Promise<Store> {
  const path = await mkdtemp(join(tmpdir(), "cairn-bench-"));
  const spec: Spec = { type: "folder", path };
  const backend = await openStore(spec);
  return {
    name: "object, folder",
    spec,
    backend,
    batch: 50,
    read: async () => null,
    work: async () => 0,
    unit: "",
    passMinute: async () => void putOn(spec),
    async stop() {
      await backend.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

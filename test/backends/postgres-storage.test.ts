import { afterAll, beforeAll, expect, test } from "vitest";
import { change, noise, saving } from "../../src/backends/contract/support.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import { CHECKPOINTS, EVENTS } from "../../src/backends/postgres/statements.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import type { Settings } from "../../src/model/pipeline.ts";

let server: PostgresServer;
let runner: Runner;
let backend: StorageBackend;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off", autovacuum: "off" } });
  // One connection: its statistics are told when it is asked.
  runner = postgresRunner({ transport: "tcp", url: server.url, poolSize: 1 });
  await migrate(runner);
  backend = postgresBackend({ runner });
}, 60_000);

afterAll(async () => {
  await backend?.close();
  await server?.stop();
});

const HELD = { expect: { fence: 1 } };

async function leased(pipelineId: string, settings: Settings) {
  const key = { tenant: "t", pipelineId };
  const lease = { take: { owner: "o", ttlSeconds: 600 } };
  await backend.commit([await saving(key, 0, "v1", { effects: { settings, lease } })]);
  return key;
}

async function one(sql: string): Promise<Readonly<Record<string, string | null>>> {
  return (await runner.query(sql, []))[0]!;
}

async function updates(): Promise<{ all: number; hot: number }> {
  await runner.query("SELECT pg_stat_force_next_flush()::text", []);
  const { all, hot } = await one(
    "SELECT n_tup_upd::text AS all, n_tup_hot_upd::text AS hot FROM pg_stat_user_tables WHERE relname = 'pipelines'",
  );
  return { all: Number(all), hot: Number(hot) };
}

test("a heartbeat or a save of the holder touches no index of the pipelines", async () => {
  const keys = [];
  for (let i = 0; i < 20; i++) keys.push(await leased(`h${i}`, { labels: { n: String(i) } }));
  const before = await updates();
  for (let round = 1; round <= 10; round++)
    for (const key of keys) {
      const beat = change(key, { lease: { renew: {} } }, HELD);
      const commit = round % 2 ? beat : await saving(key, round / 2, `v${round}`, HELD);
      expect((await backend.commit([commit]))[0]!.ok).toBe(true);
    }
  const after = await updates();
  expect(after.all - before.all).toBe(200);
  expect(after.hot - before.hot).toBeGreaterThan(190);
});

test("a save of one that is watched for silence touches none either, until it was silent so long", async () => {
  const settings = { recovery: { silenceSeconds: 600 } };
  const care = { resumes: 1, version: 1, wake: null };
  const keys = Array.from({ length: 20 }, (_, i) => ({ tenant: "t", pipelineId: `s${i}` }));
  for (const key of keys) await backend.commit([await saving(key, 0, "v1", { effects: { settings, care } })]);
  const before = await updates();
  for (let version = 1; version <= 5; version++)
    for (const key of keys) await backend.commit([await saving(key, version, `v${version}`)]);
  const after = await updates();
  expect(after.all - before.all).toBe(100);
  expect(after.hot - before.hot).toBeGreaterThan(90);
  const { head } = (await backend.load(keys[0]!))!;
  expect(head).toMatchObject({ care, version: 6 });
  expect(await backend.due(100)).toEqual([]);
  const back = (column: string) => `${column} = ${column} - interval '601 seconds'`;
  await runner.query(
    `UPDATE cairn.pipelines SET ${back("updated_at")}, ${back("due_at")} WHERE pipeline_id LIKE 's%'`,
    [],
  );
  expect((await backend.due(100)).map(({ key }) => key.pipelineId).sort()).toEqual(
    keys.map((key) => key.pipelineId).sort(),
  );
});

test("settings stored aside are not written again by a heartbeat", async () => {
  const tasks = Array.from({ length: 1000 }, (_, i) => ({
    name: Buffer.from(noise(40, i + 1)).toString("hex"),
  }));
  const key = await leased("big", { tasks });
  const aside = async () =>
    Number(
      (
        await one(
          "SELECT pg_relation_size(reltoastrelid)::text AS size FROM pg_class WHERE oid = 'cairn.pipelines'::regclass",
        )
      ).size,
    );
  const before = await aside();
  expect(before).toBeGreaterThan(40_000);
  for (let i = 0; i < 10; i++) await backend.commit([change(key, { lease: { renew: {} } }, HELD)]);
  expect(await aside()).toBe(before);
  expect((await backend.load(key))!.head.tasks).toEqual(tasks);
  const changed = await backend.commit([change(key, { settings: { kind: "k" } }, HELD)]);
  expect(changed[0]!.head).toMatchObject({ kind: "k", tasks });
});

test("a lease renewed in time is not due when it would have run out, and is when it has", async () => {
  const key = await leased("due", {});
  await runner.query(
    `UPDATE cairn.pipelines SET due_at = now() - interval '1 second' WHERE pipeline_id = 'due'`,
    [],
  );
  expect(await backend.due(10)).toEqual([]);
  await backend.commit([change(key, { lease: { renew: { ttlSeconds: 1 } } }, HELD)]);
  expect(await backend.due(10)).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await backend.due(10)).map((due) => due.key)).toEqual([key]);
});

test.each([
  ["checkpoints", CHECKPOINTS, ["t", "h0", "5", null, "10"]],
  ["events", EVENTS, ["t", "h0", "5", "10"]],
])("a later page of %s begins in the index", async (_, sql, params) => {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off");
  const { rows } = await client.query(`EXPLAIN ${sql}`, params);
  await client.end();
  const plan = rows.map((row: Record<string, string>) => row["QUERY PLAN"]).join("\n");
  expect(plan).toMatch(/Index Cond: \(\(pipeline = .*\) AND \("?(sequence|position)"? < /);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { change, saving, snapshot } from "../../src/backends/contract/support.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { MIGRATIONS } from "../../src/backends/postgres/migrations/index.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import { chainOf } from "../../src/model/chain.ts";

const KEY = { tenant: "t", pipelineId: "p" };

let server: PostgresServer;
let admin: Runner;
let names = 0;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  admin = postgresRunner({ transport: "tcp", url: server.url });
}, 60_000);

afterAll(async () => {
  await admin?.close();
  await server?.stop();
});

/** A new database, a role without any privilege, and what the owner of all has to say before it connects. */
async function withRole(prepare: (owner: Runner, role: string) => Promise<unknown>): Promise<string> {
  const name = `role${++names}`;
  await admin.query(`CREATE DATABASE ${name}`, []);
  await admin.query(`CREATE ROLE ${name} LOGIN`, []);
  const url = Object.assign(new URL(server.url), { pathname: name });
  const owner = postgresRunner({ transport: "tcp", url: url.href });
  await prepare(owner, name);
  await owner.close();
  return Object.assign(url, { username: name }).href;
}

async function grant(owner: Runner, role: string): Promise<void> {
  await owner.query(`GRANT USAGE ON SCHEMA cairn TO ${role}`, []);
  await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cairn TO ${role}`, []);
}

async function everyCall(backend: StorageBackend): Promise<void> {
  const checkpoint = snapshot();
  const first = await saving(KEY, 0, "v1");
  const part = { frameId: `${chainOf(first.effects.state!.frame.ref)}.p0-1-x`, bytes: new Uint8Array(1) };
  await backend.stage(KEY, [part]);
  const staged = [{ frameId: part.frameId, storedBytes: 1 }];
  const state = { ...first.effects.state!, staged };
  const lease = { take: { owner: "o", ttlSeconds: 1 } };
  const held = { expect: { fence: 1 } };
  const care = { resumes: 1, version: 1, wake: null };
  const commits = [
    { ...first, effects: { state, checkpoint, lease, settings: { labels: { a: "b" } } } },
    change(KEY, { checkpoint: snapshot(), events: [{ type: "leased" }] }, held),
    change(KEY, { checkpoints: new Map([[checkpoint.checkpointId, "drop"]]) }, held),
    await saving(KEY, 1, "v2", { expect: { fence: 1 }, effects: { verified: true } }),
    change(
      KEY,
      { care, lookAt: "2026-11-23T08:00:00.000Z", settings: { recovery: { silenceSeconds: 9 } } },
      held,
    ),
    change({ ...KEY, pipelineId: "gone" }, { remove: true }, { expect: { create: "allowed" } }),
  ];
  for (const outcome of await backend.commit(commits)) expect(outcome.ok).toBe(true);
  const sums = { tenant: "", scope: "metrics" };
  await backend.add(sums, { n: 1 });
  await backend.add(sums, { n: 1 });
  expect(await backend.sums(sums)).toEqual({ n: 2 });
  await backend.clearSums(sums);
  expect((await backend.load(KEY, { frames: true }))!.frames).toHaveLength(1);
  expect((await backend.checkpoints(KEY, { limit: 5 })).data).toHaveLength(1);
  expect((await backend.events(KEY, { limit: 5 })).data).toHaveLength(2);
  expect((await backend.pipelines("t", { labels: { a: "b" } }, { limit: 5 })).data).toHaveLength(1);
  expect(await backend.due(5)).toHaveLength(1);
  await backend.stage(KEY, [part]);
  expect(await backend.collect(KEY, 0)).toBe(1);
}

describe("a role that owns nothing", () => {
  test("serves with these privileges, and no others", async () => {
    const url = await withRole(async (owner, role) => {
      await migrate(owner);
      await grant(owner, role);
    });
    const backend = postgresBackend({ transport: "tcp", url });
    expect(await backend.health()).toEqual({ ready: true, problems: [] });
    await everyCall(backend);
    await backend.close();
  });

  test.each([
    ["REVOKE DELETE ON cairn.writes FROM app", "may not read and write"],
    ["REVOKE INSERT ON cairn.frames FROM app", "may not read and write"],
    ["REVOKE DELETE ON cairn.staged FROM app", "may not read and write"],
    ["REVOKE UPDATE ON cairn.pipelines FROM app", "may not read and write"],
    ["REVOKE EXECUTE ON FUNCTION cairn.due_v1 FROM PUBLIC", "may not execute"],
  ])("is not ready after %s", async (revoke, problem) => {
    const url = await withRole(async (owner, role) => {
      await migrate(owner);
      await grant(owner, role);
      await owner.query(revoke.replace("app", role), []);
    });
    const backend = postgresBackend({ transport: "tcp", url });
    expect(await backend.health()).toEqual({ ready: false, problems: [expect.stringContaining(problem)] });
    await backend.close();
  });

  test("makes the tables in a schema that was made for it", async () => {
    const url = await withRole((owner, role) => owner.query(`CREATE SCHEMA cairn AUTHORIZATION ${role}`, []));
    const runner = postgresRunner({ transport: "tcp", url });
    expect(await migrate(runner)).toEqual(MIGRATIONS.map(({ name }) => name));
    const backend = postgresBackend({ runner });
    expect(await backend.health()).toEqual({ ready: true, problems: [] });
    await everyCall(backend);
    await backend.close();
  });
});

/** What a neighbour in a shared database may make: for these very types each is the better match. */
const TRAPS = `
CREATE FUNCTION public.trapped(a bigint[], b bigint) RETURNS bigint[] LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR public.|| (LEFTARG = bigint[], RIGHTARG = bigint, FUNCTION = public.trapped);
CREATE FUNCTION public.contained(a text[], b text[]) RETURNS boolean LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR public.@> (LEFTARG = text[], RIGHTARG = text[], FUNCTION = public.contained);
CREATE FUNCTION public.json_agg(json) RETURNS json LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE FUNCTION public.array_agg(bigint) RETURNS bigint[] LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''trapped''; END';
`;

test("functions and operators of other schemas are never called", async () => {
  const url = await withRole(async (owner, role) => {
    await owner.query(`CREATE SCHEMA cairn AUTHORIZATION ${role}`, []);
    for (const statement of TRAPS.split(/;\n/).filter((text) => text.trim()))
      await owner.query(statement, []);
  });
  const runner = postgresRunner({ transport: "tcp", url });
  await migrate(runner);
  const backend = postgresBackend({ runner });
  await everyCall(backend);
  await backend.close();
});

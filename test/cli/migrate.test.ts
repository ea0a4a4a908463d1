import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { MIGRATIONS } from "../../src/backends/postgres/migrations/index.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let server: PostgresServer;
let databases = 0;
beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
});
afterAll(() => server.stop());

async function newDatabase(): Promise<string> {
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  const name = `migrate${++databases}`;
  await runner.query(`CREATE DATABASE ${name}`, []);
  await runner.close();
  return Object.assign(new URL(server.url), { pathname: name }).href;
}

function cairn(words: string[], env: Record<string, string> = {}) {
  const { DATABASE_URL: _, ...inherited } = process.env;
  const options = { cwd: root, env: { ...inherited, ...env }, encoding: "utf8" as const };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli/cairn.ts", ...words], options);
  return { status, stdout, stderr };
}

async function isReady(url: string): Promise<boolean> {
  const backend = postgresBackend({ transport: "tcp", url });
  const { ready } = await backend.health();
  await backend.close();
  return ready;
}

test("brings an empty database up, and says so; a second time there is nothing to do", async () => {
  const url = await newDatabase();
  expect(await isReady(url)).toBe(false);
  const names = MIGRATIONS.map(({ name }) => name);
  const first = cairn(["migrate", "--json"], { DATABASE_URL: url });
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(first.stdout)).toEqual({ applied: names });
  expect(await isReady(url)).toBe(true);
  const again = cairn(["migrate", "--url", url]);
  expect(again).toEqual({ status: 0, stdout: "The schema is up to date.\n", stderr: "" });
});

test("prints SQL that does the same", async () => {
  const url = await newDatabase();
  const { status, stdout } = cairn(["migrate", "--print"]);
  expect(status).toBe(0);
  const runner = postgresRunner({ transport: "tcp", url });
  await runner.query(stdout, []);
  await runner.close();
  expect(await isReady(url)).toBe(true);
});

test("says what is wrong, why, and what to do; never the URL, which has a password", async () => {
  expect(cairn(["migrate"])).toMatchObject({ status: 2, stderr: expect.stringContaining("DATABASE_URL") });
  expect(cairn(["migrate", "--ur", "x"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--ur"),
  });
  expect(cairn(["migrat"])).toMatchObject({ status: 2, stderr: expect.stringContaining("migrate") });
  const url = "postgres://me:secret@127.0.0.1:1/db";
  const lost = cairn(["migrate", "--url", url, "--endpoint", "http://127.0.0.1:1/sql"]);
  expect(lost).toMatchObject({ status: 2, stderr: expect.stringContaining("--transport neon") });
  const odd = cairn(["migrate", "--url", url, "--transport", "neon", "--endpoint", "not-a-url"]);
  expect(odd).toMatchObject({ status: 1, stderr: expect.stringContaining("endpoint must be a URL") });
  const missing = Object.assign(new URL(server.url), { pathname: "nosuch" }).href;
  const none = cairn(["migrate", "--url", missing]);
  expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining("no database of that name") });
  const dead = cairn(["migrate", "--url", url]);
  expect(dead).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("did not answer") });
  expect(dead.stderr).not.toContain("secret");
  expect(cairn(["migrate", "--help"])).toMatchObject({ status: 0, stderr: "" });
});

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { encodeBatch } from "../../src/backends/postgres/encode.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate, migrationStatements } from "../../src/backends/postgres/migrate.ts";
import { MIGRATIONS } from "../../src/backends/postgres/migrations/index.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { Commit } from "../../src/backends/types.ts";
import { type NeonServer, startNeon } from "../../src/cli/local/neon.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import { NO_CARE } from "../../src/model/care.ts";

const KEY = { tenant: "t", pipelineId: "p" };
const SUMS = { tenant: "t", scope: "metrics" };
const NAMES = MIGRATIONS.map((migration) => migration.name);

let server: PostgresServer;
let admin: Runner;
let databases = 0;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  admin = postgresRunner({ transport: "tcp", url: server.url });
}, 60_000);

afterAll(async () => {
  await admin?.close();
  await server?.stop();
});

/** The URL of a new, empty database. */
async function newDatabase(options = ""): Promise<string> {
  const name = `db${++databases}`;
  await admin.query(`CREATE DATABASE ${name} ${options}`, []);
  return Object.assign(new URL(server.url), { pathname: name }).href;
}

async function using<T>(url: string, use: (runner: Runner) => Promise<T>): Promise<T> {
  const runner = postgresRunner({ transport: "tcp", url });
  try {
    return await use(runner);
  } finally {
    await runner.close();
  }
}

async function health(url: string) {
  const backend = postgresBackend({ transport: "tcp", url });
  const found = await backend.health();
  await backend.close();
  return found;
}

const recorded = (runner: Runner) =>
  runner.query("SELECT version::text, name FROM cairn.cairn_migrations m ORDER BY m.version", []);

describe("migrations", () => {
  test("each has the number that its name begins with, and the SQL of its own file", async () => {
    const folder = "../../src/backends/postgres/migrations";
    for (const [i, { version, name, sql }] of MIGRATIONS.entries())
      expect([i + 1, (await import(`${folder}/${name}.ts`)).sql]).toEqual([version, sql]);
  });

  test("a fresh database gets all of them, a second time none", async () => {
    const url = await newDatabase();
    expect(await health(url)).toEqual({
      ready: false,
      problems: ["The schema is missing: `cairn migrate` makes it."],
    });
    await using(url, async (runner) => {
      expect(await migrate(runner)).toEqual(NAMES);
      expect(await migrate(runner)).toEqual([]);
      expect((await recorded(runner)).map((row) => row.name)).toEqual(NAMES);
      const elsewhere = await runner.query(
        `SELECT relname FROM pg_class WHERE relnamespace NOT IN ('cairn'::regnamespace,
           'pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)`,
        [],
      );
      expect(elsewhere).toEqual([]);
    });
    expect(await health(url)).toEqual({ ready: true, problems: [] });
  });

  test("twelve at once, through six connections, apply each of them once", async () => {
    const url = await newDatabase();
    const runners = Array.from({ length: 6 }, () => postgresRunner({ transport: "tcp", url }));
    await Promise.all([...runners, ...runners].map((runner) => migrate(runner)));
    expect((await recorded(runners[0]!)).map((row) => row.name)).toEqual(NAMES);
    for (const runner of runners) await runner.close();
    expect((await health(url)).ready).toBe(true);
  });

  test("over Neon's HTTP as well", async () => {
    const url = await newDatabase();
    const neon: NeonServer = await startNeon(url);
    const options = { transport: "neon", url: neon.url, endpoint: neon.endpoint } as const;
    expect(await migrate(postgresRunner(options))).toEqual(NAMES);
    expect(await postgresBackend(options).health()).toEqual({ ready: true, problems: [] });
    await neon.stop();
  });

  test("over Neon's HTTP each runner keeps to its own endpoint, and so do other users of the client", async () => {
    const endpoints = ["http://127.0.0.1:1/sql", "http://127.0.0.1:2/sql"];
    const { neonConfig } = await import("@neondatabase/serverless");
    const usual = neonConfig.fetchEndpoint;
    const asked = vi
      .spyOn(globalThis, "fetch")
      .mockImplementation(async () => Response.json({}, { status: 500 }));
    const runners = endpoints.map((endpoint) =>
      postgresRunner({ transport: "neon", url: "postgres://u:p@localhost/main", endpoint }),
    );
    const plain = postgresRunner({ transport: "neon", url: "postgres://u:p@ep.example.com/main" });
    const calls = [...runners, plain, ...runners].map((runner) => runner.query("SELECT 1", []));
    await Promise.allSettled(calls);
    const posted = asked.mock.calls.map(([url]) => String(url));
    expect(posted.sort()).toEqual([...endpoints, ...endpoints, "https://api.example.com/sql"].sort());
    expect(neonConfig.fetchEndpoint).toBe(usual);
    asked.mockRestore();
  });

  test("one that fails leaves nothing behind, and the next goes on from there", async () => {
    const url = await newDatabase();
    await using(url, async (runner) => {
      await runner.query("CREATE SCHEMA cairn", []);
      await runner.query(
        "CREATE FUNCTION cairn.commit_v1(jsonb, bytea) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        [],
      );
      await expect(migrate(runner)).rejects.toMatchObject({
        code: "backend_unavailable",
        message: expect.stringContaining("half restored"),
      });
      const before = NAMES.indexOf("0005_entry");
      expect((await recorded(runner)).map((row) => row.name)).toEqual(NAMES.slice(0, before));
      await runner.query("DROP FUNCTION cairn.commit_v1", []);
      expect(await migrate(runner)).toEqual(NAMES.slice(before));
    });
    expect((await health(url)).ready).toBe(true);
  });

  test("a role that may not make a schema is told so", async () => {
    const url = await newDatabase();
    await admin.query("CREATE ROLE guest LOGIN", []);
    const guest = Object.assign(new URL(url), { username: "guest" }).href;
    const error = await using(guest, (runner) => migrate(runner).catch((reason: Error) => reason));
    expect(error).toMatchObject({
      code: "backend_unavailable",
      message: "The database role lacks a privilege.",
    });
  });
});

describe("a schema of another release", () => {
  test("an older one is not ready, refuses commits with nothing done, and is brought up with its data", async () => {
    const url = await newDatabase();
    const backend = postgresBackend({ transport: "tcp", url });
    await using(url, async (runner) => {
      await migrate(runner);
      await backend.commit([await saving(KEY, 0, "v1")]);
      await runner.query("DELETE FROM cairn.cairn_migrations WHERE name = '0012_care_entry'", []);
      await runner.query("DROP FUNCTION cairn.commit_v3, cairn.apply_v3", []);
      const { ready, problems } = await backend.health();
      expect([ready, problems.join()]).toEqual([false, expect.stringContaining("cairn migrate")]);
      const refused = backend.commit([await saving(KEY, 1, "v2")]);
      await expect(refused).rejects.toMatchObject({ code: "backend_unavailable", status: 503 });
      expect(await migrate(runner)).toEqual(["0012_care_entry"]);
    });
    expect((await backend.load(KEY))!.head.version).toBe(1);
    const [outcome] = await backend.commit([await saving(KEY, 1, "v2")]);
    expect(outcome!.ok).toBe(true);
    expect((await backend.health()).ready).toBe(true);
    await backend.close();
  });

  test("one from before recovery is brought up under its sessions, and what has a time now is found", async () => {
    const url = await newDatabase();
    const { default: pg } = await import("pg");
    const [owner, session] = [url, url].map((connectionString) => new pg.Client({ connectionString }));
    for (const each of [owner!, session!]) await each.connect();
    for (const statement of migrationStatements().slice(0, NAMES.indexOf("0010_care")))
      await owner!.query(statement);
    // What the release before sends.
    const commit = async (one: Commit) => {
      const { commits, frames } = encodeBatch([one]);
      const sql = "SELECT outcome FROM cairn.commit_v2($1::jsonb, decode($2, 'base64'))";
      return (await session!.query(sql, [commits, frames])).rows[0].outcome;
    };
    const key = (pipelineId: string) => ({ tenant: "t", pipelineId });
    const [recovery, retention] = [{ silenceSeconds: 1 }, { deleteAfterSeconds: 1 }];
    for (const id of ["silent", "ended", "other"])
      expect(await commit(await saving(key(id), 0, "v1"))).toBe("applied");
    await commit(change(key("silent"), { settings: { recovery } }));
    await commit(change(key("ended"), { settings: { retention }, status: "failed" }));
    await using(url, migrate);
    expect(await commit(await saving(key("other"), 1, "v2"))).toBe("applied");
    const { rows } = await session!.query("SELECT head FROM cairn.due_v2(5) AS head");
    expect(rows).toEqual([]);
    for (const each of [owner!, session!]) await each.end();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const backend = postgresBackend({ transport: "tcp", url });
    expect((await backend.load(key("other")))!.head).toMatchObject({
      version: 2,
      lookAt: null,
      care: NO_CARE,
    });
    expect((await backend.due(5)).map((due) => due.key.pipelineId).sort()).toEqual(["ended", "silent"]);
    await backend.close();
  });

  test("one that lacks a migration in the middle is not ready, and gets it", async () => {
    const url = await newDatabase();
    await using(url, async (runner) => {
      await migrate(runner);
      await runner.query("DELETE FROM cairn.cairn_migrations WHERE name = '0003_refusals'", []);
      const problems = ["The schema lacks 0003_refusals: `cairn migrate` brings it up."];
      expect(await health(url)).toEqual({ ready: false, problems });
      const half = { message: expect.stringContaining("half restored") };
      await expect(migrate(runner)).rejects.toMatchObject(half);
      const made = "lock_v1, cairn.fenced_v1, cairn.transition_v1, cairn.refusal_v1";
      await runner.query(`DROP FUNCTION cairn.${made}`, []);
      expect(await migrate(runner)).toEqual(["0003_refusals"]);
    });
    expect((await health(url)).ready).toBe(true);
  });

  test("a newer one is ready, for releases overlap, and is left as it is", async () => {
    const url = await newDatabase();
    await using(url, async (runner) => {
      await migrate(runner);
      const newer = "INSERT INTO cairn.cairn_migrations (version, name) VALUES ($1::integer, 'later')";
      await runner.query(newer, [String(MIGRATIONS.length + 1)]);
      expect(await migrate(runner)).toEqual([]);
    });
    const { ready, problems } = await health(url);
    expect([ready, problems]).toEqual([true, []]);
  });

  test("without a schema every call says what is missing, and a commit that nothing was done", async () => {
    const backend = postgresBackend({ transport: "tcp", url: await newDatabase() });
    const calls: Promise<unknown>[] = [
      backend.commit([await saving(KEY, 0, "v1")]),
      backend.load(KEY),
      backend.load(KEY, { frames: true }),
      backend.frames(KEY, [(await saving(KEY, 0, "v1")).effects.state!.frame.ref]),
      backend.stage(KEY, [{ frameId: "f.0", bytes: new Uint8Array(1) }]),
      backend.checkpoint(KEY, "c"),
      backend.loadCheckpoint!(KEY, "c"),
      backend.checkpoints(KEY, { limit: 1 }),
      backend.pipelines("t", {}, { limit: 1 }),
      backend.events(KEY, { limit: 1 }),
      backend.due(1),
      backend.collect(KEY, 0),
      backend.add(SUMS, { n: 1 }),
      backend.sums(SUMS),
      backend.clearSums(SUMS),
    ];
    for (const result of await Promise.allSettled(calls)) {
      const detail = expect.stringContaining("cairn migrate");
      expect(result).toMatchObject({ reason: { code: "backend_unavailable", message: detail } });
    }
    await backend.close();
  });

  test("a record of a later format is refused, never taken for damage, and left as it is", async () => {
    const url = await newDatabase();
    const backend = postgresBackend({ transport: "tcp", url });
    await using(url, async (runner) => {
      await migrate(runner);
      await backend.commit([await saving(KEY, 0, "v1")]);
      const other = { ...KEY, pipelineId: "q" };
      await backend.commit([await saving(other, 0, "v1")]);
      await runner.query("UPDATE cairn.pipelines SET format = 2 WHERE pipeline_id = 'p'", []);
      const before = await runner.query("SELECT p::text FROM cairn.pipelines p", []);
      const calls: Promise<unknown>[] = [
        backend.commit([await saving(KEY, 1, "v2")]),
        backend.commit([change(KEY, { remove: true })]),
        backend.load(KEY),
      ];
      for (const result of await Promise.allSettled(calls))
        expect(result).toMatchObject({ reason: { code: "unsupported_format", status: 503 } });
      // A list leaves it out, and goes on behind it.
      const first = await backend.pipelines("t", {}, { limit: 1 });
      expect(first.data).toEqual([]);
      const rest = await backend.pipelines("t", {}, { limit: 1, cursor: first.cursor! });
      expect(rest.data.map(({ pipelineId }) => pipelineId)).toEqual(["q"]);
      expect(await runner.query("SELECT p::text FROM cairn.pipelines p", [])).toEqual(before);
    });
    await backend.close();
  });
});

describe("health", () => {
  const SETTINGS: [string, string, string][] = [
    ["synchronous_commit", "off", "synchronous_commit is off"],
    ["default_transaction_read_only", "on", "read-only"],
    ["default_transaction_isolation", "serializable", "read committed"],
    ["default_transaction_isolation", "'repeatable read'", "read committed"],
  ];

  test.each(SETTINGS)("%s = %s is not ready", async (name, value, problem) => {
    const url = await newDatabase();
    await using(url, migrate);
    await admin.query(`ALTER DATABASE db${databases} SET ${name} = ${value}`, []);
    const found = await health(url);
    expect(found).toEqual({ ready: false, problems: [expect.stringContaining(problem)] });
    const neon = await startNeon(url);
    const backend = postgresBackend({ transport: "neon", url: neon.url, endpoint: neon.endpoint });
    expect(await backend.health()).toEqual(found);
    await neon.stop();
  });

  test("a database that cannot hold every character is not ready", async () => {
    const url = await newDatabase("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    await using(url, migrate);
    expect((await health(url)).problems).toEqual([expect.stringContaining("SQL_ASCII")]);
  });

  test("a server that is not there is not ready, and its address stays untold", async () => {
    const found = await health("postgres://someone:secret@127.0.0.1:9/nowhere");
    expect(found).toEqual({ ready: false, problems: ["The database did not answer."] });
  });

  test("a database that is not there is told apart", async () => {
    const url = Object.assign(new URL(server.url), { pathname: "nosuch" }).href;
    expect((await health(url)).problems).toEqual(["The server has no database of that name."]);
  });

  test("wrong credentials are told apart", async () => {
    const url = Object.assign(new URL(server.url), { username: "nobody" }).href;
    expect((await health(url)).problems).toEqual(["The database refused the credentials."]);
  });

  test("a commit is durable even where the session's default is not: for its transaction only", async () => {
    const url = await newDatabase();
    await using(url, migrate);
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const setting = async () => (await client.query("SHOW synchronous_commit")).rows[0].synchronous_commit;
    await client.query("SET synchronous_commit = off");
    await client.query("BEGIN");
    await client.query("SELECT * FROM cairn.commit_v3('[]', '')");
    expect(await setting()).toBe("on");
    await client.query("COMMIT");
    expect(await setting()).toBe("off");
    await client.end();
  });
});

describe("configuration", () => {
  test("a URL that is none is refused without being repeated", () => {
    for (const url of ["", "secret", "http://u:secret@host/db"]) {
      const make = () => postgresBackend({ transport: "tcp", url });
      expect(make).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
      expect(make).not.toThrow(/secret/);
    }
  });

  test("an endpoint that is no URL of HTTP is refused", () => {
    for (const endpoint of ["", "not-a-url", "postgres://host"]) {
      const make = () => postgresBackend({ transport: "neon", url: "postgres://u@h/d", endpoint });
      expect(make).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
    }
  });
});

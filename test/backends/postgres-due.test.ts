import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import { DUE } from "../../src/backends/postgres/statements.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";

const EACH = 10_000;
const DUE_NOW = 100;
const MINUTES = 60_000;

let server: PostgresServer;
let runner: Runner;
let backend: StorageBackend;
let client: Client;
const told: string[] = [];

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off", autovacuum: "off" } });
  runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  backend = postgresBackend({ runner });
  client = await watched();
}, MINUTES);

afterAll(async () => {
  await client?.end();
  await backend?.close();
  await server?.stop();
});

async function session(): Promise<Client> {
  const { default: pg } = await import("pg");
  const opened = new pg.Client({ connectionString: server.url });
  await opened.connect();
  return opened;
}

async function isWaiting(one: Client): Promise<boolean> {
  const pid = String((one as Client & { processID: number }).processID);
  const sql = "SELECT count(*)::text AS locks FROM pg_locks WHERE pid = $1::integer AND NOT granted";
  return (await runner.query(sql, [pid]))[0]!.locks !== "0";
}

/** A session that is told of every statement it runs, also inside functions, with its plan and what it read. */
async function watched(): Promise<Client> {
  const opened = await session();
  opened.on("notice", ({ message }) => told.push(message ?? ""));
  await opened.query("LOAD 'auto_explain'");
  await opened.query("SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on");
  await opened.query("SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off");
  await opened.query("SET client_min_messages = log; SET auto_explain.log_min_duration = 0");
  return opened;
}

/** What the session does, with the plans of it. */
async function explained<T>(act: () => Promise<T>): Promise<{ result: T; plans: string[] }> {
  told.length = 0;
  const result = await act();
  return { result, plans: [...told] };
}

const list = async (limit: number) => (await client.query(DUE, [String(limit)])).rows.length;

/** Of the statement that finds what is due, whose whole plan this must be, each time it is run. */
function claiming(plans: readonly string[]): { rows: number; buffers: number } {
  const all = plans.filter((each) => each.includes("FOR UPDATE SKIP LOCKED")).map(claimingOnce);
  return { rows: sum(all.map(({ rows }) => rows)), buffers: sum(all.map(({ buffers }) => buffers)) };
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

function claimingOnce(plan: string): { rows: number; buffers: number } {
  const nodes = plan.split("\n").filter((line) => /\(cost=/.test(line));
  expect(nodes).toEqual([
    expect.stringMatching(/^Limit /),
    expect.stringMatching(/-> +LockRows /),
    expect.stringMatching(/-> +Index Scan using pipelines_due on pipelines/),
  ]);
  const rows = Number(/actual rows=([\d.]+)/.exec(nodes[2]!)![1]);
  const buffers = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan)!;
  return { rows, buffers: Number(buffers[1] ?? 0) + Number(buffers[2] ?? 0) };
}

/** Many pipelines of a tenant, made without their commits. */
async function fill(tenant: string, columns: string, values: string, count = EACH): Promise<void> {
  await runner.query(
    `INSERT INTO cairn.pipelines (tenant, pipeline_id, revision, created_at, updated_at, ${columns})
     SELECT $1, 'p' || n, 1, now(), now(), ${values} FROM generate_series(1, $2::integer) AS n`,
    [tenant, String(count)],
  );
}

describe(`of ${2 * EACH} pipelines that live or ended, ${DUE_NOW} that are due`, () => {
  const minutes = (count: number) => `now() + ${count} * interval '1 minute'`;

  beforeAll(async () => {
    await fill(
      "leased",
      "lease_owner, lease_ttl, lease_expires, due_at",
      `'"o"', 600, ${minutes(10)}, ${minutes(5)}`,
    );
    await fill("ended", "status", "'completed'");
  }, MINUTES);

  test.each(["without statistics", "with statistics"])(
    "are found by their index alone, for what they cost, %s",
    async (name) => {
      if (name === "with statistics") await runner.query("ANALYZE cairn.pipelines", []);
      await fill(name, "status, look_at, due_at", `'interrupted', ${minutes(-1)}, ${minutes(-1)}`, DUE_NOW);
      const { result, plans } = await explained(() => list(2 * DUE_NOW));
      expect(result).toBe(DUE_NOW);
      expect(
        plans.filter((plan) => /Seq Scan on (pipelines|versions|checkpoints|writes)/.test(plan)),
      ).toEqual([]);
      const { rows, buffers } = claiming(plans);
      expect(rows).toBe(DUE_NOW);
      expect(buffers).toBeLessThan(5 * DUE_NOW);
      const again = await explained(() => list(10));
      expect([again.result, claiming(again.plans).rows]).toEqual([0, 0]);
    },
    MINUTES,
  );

  test("are not looked at when fewer are asked for", async () => {
    await fill("more", "look_at, due_at", `${minutes(-1)}, ${minutes(-1)}`, 2000);
    const { result, plans } = await explained(() => list(20));
    expect(result).toBe(20);
    expect(claiming(plans).rows).toBe(20);
    expect(await list(0)).toBe(0);
    expect(await list(3000)).toBe(1980);
  });

  test("are read once by who comes while another claims, and given to nobody twice", async () => {
    await fill("together", "look_at, due_at", `${minutes(-1)}, ${minutes(-1)}`, 40);
    const other = await session();
    await other.query("BEGIN");
    const first = await other.query(DUE, ["20"]);
    const coming = explained(() => list(20));
    let came = false;
    void coming.then(() => {
      came = true;
    });
    while (!came && !(await isWaiting(client))) await new Promise((resolve) => setTimeout(resolve, 5));
    await other.query("COMMIT");
    const { result, plans } = await coming;
    expect([first.rows.length, result, claiming(plans).rows]).toEqual([20, 20, 20]);
    expect(await list(20)).toBe(0);
    await other.end();
  });

  test("are given to others while one who claims is held up", async () => {
    await fill("held", "look_at, due_at", `${minutes(-1)}, ${minutes(-1)}`, 40);
    const held = await session();
    await held.query("BEGIN");
    expect((await held.query(DUE, ["20"])).rows.length).toBe(20);
    expect(await list(40)).toBe(20);
    await held.query("ROLLBACK");
    expect(await list(40)).toBe(20);
    await held.end();
  });

  test("whose time has moved since it was indexed are pushed on, once, and stand in nobody's way", async () => {
    await fill(
      "renewed",
      "lease_owner, lease_ttl, lease_expires, due_at",
      `'"o"', 60, ${minutes(1)}, ${minutes(-3)}`,
      500,
    );
    await fill("late", "look_at, due_at", `${minutes(-2)}, ${minutes(-2)}`, 10);
    const { result, plans } = await explained(() => list(10));
    expect([result, claiming(plans).rows]).toEqual([10, 510]);
    const again = await explained(() => list(10));
    expect([again.result, claiming(again.plans).rows]).toEqual([0, 0]);
    const [row] = await runner.query(
      "SELECT bool_and(due_at = lease_expires)::text AS moved FROM cairn.pipelines WHERE tenant = 'renewed'",
      [],
    );
    expect(row!.moved).toBe("true");
  });
});

describe("the seconds in settings", () => {
  const seconds = async (setting: unknown, name = "silenceSeconds") => {
    const sql = "SELECT extract(epoch FROM cairn.seconds_v1($1, $2))::double precision::text AS seconds";
    const [row] = await runner.query(sql, [setting as string | null, name]);
    return row!.seconds === null ? null : Number(row!.seconds);
  };

  test.each([0, 1, 80, 31_536_000, 0.5, 12.000001, 1e-7])("%s", async (silenceSeconds) => {
    const wanted = Number(silenceSeconds.toFixed(6));
    expect(await seconds(JSON.stringify({ silenceSeconds }))).toBe(wanted);
    expect(await seconds(JSON.stringify({ auto: true, silenceSeconds, maxAttempts: 3 }))).toBe(wanted);
    expect(await seconds(JSON.stringify({ silenceSeconds }), "deleteAfterSeconds")).toBe(null);
  });

  test("are not what a text of the user says, or what is damaged", async () => {
    const hostile = 'https://x/","silenceSeconds":5,"\u0000\ud800';
    expect(await seconds(JSON.stringify({ webhookUrl: hostile }))).toBe(null);
    expect(await seconds(JSON.stringify({ webhookUrl: hostile, silenceSeconds: 7 }))).toBe(7);
    for (const damaged of [null, "", "{", "null", '{"silenceSeconds":"5"}', '{"silenceSeconds":1e999}'])
      expect(await seconds(damaged)).toBe(null);
  });

  test("of settings that are damaged leave the pipeline's other times, and those beside it", async () => {
    const keys = ["good", "bad"].map((pipelineId) => ({ tenant: "damaged", pipelineId }));
    const effects = { lookAt: "2026-11-23T08:00:00.000Z", settings: { recovery: { silenceSeconds: 1000 } } };
    for (const key of keys) await backend.commit([await saving(key, 0, "v1", { effects })]);
    await runner.query(
      `UPDATE cairn.pipelines SET settings = '{"recovery": "{\\"silenceSeconds\\":["}' WHERE pipeline_id = 'bad'`,
      [],
    );
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const found = (await backend.due(100)).filter(({ key }) => key.tenant === "damaged");
    expect(found.map(({ key }) => key.pipelineId)).toEqual(["good"]);
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
    const [gone] = await backend.commit([change(keys[1]!, { remove: true }, { expect: { force: true } })]);
    expect(gone).toMatchObject({ ok: true, head: { deleted: true, lookAt: null } });
  });
});

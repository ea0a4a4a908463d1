import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BackendConfig,
  type BackendType,
  parseBackend,
} from "../../src/backends/configuration/options.ts";
import { saving } from "../../src/backends/contract/support.ts";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import { type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { StateManager } from "../../src/state/manager.ts";

function problems(type: BackendType, config: BackendConfig): string[] {
  const parsed = parseBackend(type, config);
  return "errors" in parsed ? parsed.errors.map(({ pointer, message }) => `${pointer}: ${message}`) : [];
}

async function open(type: BackendType, config: BackendConfig) {
  const parsed = parseBackend(type, config);
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.open();
}

const KEY = { tenant: "t", pipelineId: "p" };

describe("what is not an option of a store is refused by its name", () => {
  test.each<[BackendType, BackendConfig, string]>([
    ["memory", { path: "/x" }, "path"],
    ["folder", { path: "/x", poolSize: 3 }, "poolSize"],
    ["folder", {}, "path"],
    ["s3", { bucket: "b" }, "region"],
    ["s3", { bucket: "b", region: "r", table: "t" }, "table"],
    ["dynamodb", { table: "t", region: "r", inlineBytes: -1 }, "inlineBytes"],
    ["postgres", { poolSize: 0 }, "poolSize"],
    ["postgres", { transport: "neon", url: "postgres://h/d", poolSize: 3 }, "poolSize"],
    ["postgres", { transport: "smoke" }, "transport"],
    ["postgres", { transport: "toString" }, "transport"],
    ["postgres", { url: "postgres://h/d", password: "x" }, "password"],
    ["redis", { url: "redis://h", db: 3 }, "db"],
    ["redis", null as never, "/backendConfig: must be an object"],
    ["postgres", [] as never, "/backendConfig: must be an object"],
    ["redis", { transport: "upstash", url: "https://x.upstash.io" }, "token"],
    ["redis", { connectionTimeoutSeconds: 0 }, "connectionTimeoutSeconds"],
    ["memory", { maxFileSize: 0.5 }, "maxFileSize"],
  ])("%s %j", (type, config, name) => {
    expect(problems(type, config).join()).toContain(name);
  });

  test("what is right is not", () => {
    expect(problems("s3", { bucket: "b", region: "r" })).toEqual([]);
    expect(problems("dynamodb", { table: "t", region: "r", bucket: "b" })).toEqual([]);
    expect(problems("redis", { host: "h", port: 6379, db: 1, password: "" })).toEqual([]);
    expect(problems("postgres", { transport: "tcp", poolSize: 2, maxOverflow: 0 })).toEqual([]);
  });
});

describe("postgres by its parts", () => {
  let server: PostgresServer;
  let parts: BackendConfig;
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: "off" } });
    const { hostname: host, port } = new URL(server.url);
    parts = { host, port: Number(port), db: "postgres", user: "postgres", password: "p@ss/word" };
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    await migrate(runner);
    await runner.close();
  });
  afterAll(() => server.stop());

  test("host, port, db and user lead there; poolSize and maxOverflow bound the connections", async () => {
    const backend = await open("postgres", { ...parts, poolSize: 2, maxOverflow: 1 });
    const saves = Array.from({ length: 12 }, async (_, i) =>
      backend.commit([await saving({ ...KEY, pipelineId: `p${i}` }, 0, "v")]),
    );
    await Promise.all(saves);
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    const used = "SELECT count(*)::text AS n FROM pg_stat_activity WHERE application_name = 'cairn'";
    // The one that asks is a fourth.
    expect(await runner.query(used, [])).toEqual([{ n: "4" }]);
    await runner.close();
    await backend.close();
  });

  test.each(["no such host", "127.0.0.1:5432", "/nowhere"])(
    "host %s is not taken for another",
    async (host) => {
      const backend = await open("postgres", { ...parts, host });
      await expect(backend.load(KEY)).rejects.toMatchObject({ code: "backend_unavailable" });
      await backend.close();
    },
  );

  test("connectionTimeoutSeconds ends the wait for a connection", async () => {
    const backend = await open("postgres", { ...parts, poolSize: 1, connectionTimeoutSeconds: 0.2 });
    const blocker = postgresRunner({ transport: "tcp", url: server.url });
    await backend.commit([await saving(KEY, 0, "v")]);
    const lock = blocker.query("DO $$ BEGIN LOCK TABLE cairn.pipelines; PERFORM pg_sleep(1); END $$", []);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const first = backend.load(KEY);
    await expect(backend.load(KEY)).rejects.toMatchObject({ code: "backend_unavailable" });
    await lock;
    expect((await first)?.head.version).toBe(1);
    await Promise.all([backend.close(), blocker.close()]);
  });
});

describe("redis by its parts", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ requirepass: "p@ss word" });
  });
  afterAll(() => server.stop());

  test("host, port, password and db lead there", async () => {
    const parts = { host: "127.0.0.1", port: server.port, password: "p@ss word" };
    const [one, two] = await Promise.all([
      open("redis", { ...parts, db: 1 }),
      open("redis", { ...parts, db: 2 }),
    ]);
    await one.commit([await saving(KEY, 0, "v")]);
    expect((await one.load(KEY))?.head.version).toBe(1);
    expect(await two.load(KEY)).toBeNull();
    const wrong = await open("redis", { ...parts, password: "no" });
    await expect(wrong.load(KEY)).rejects.toMatchObject({ code: "backend_unavailable" });
    await Promise.all([one.close(), two.close(), wrong.close()]);
  });

  test("connectionTimeoutSeconds and a port where nobody listens", async () => {
    const backend = await open("redis", { port: await freePort(), connectionTimeoutSeconds: 1 });
    await expect(backend.load(KEY)).rejects.toMatchObject({ code: "backend_unavailable" });
    await backend.close();
  });
});

test("StateManager opens a store by its name, and refuses what it does not know with all the rest", async () => {
  const config = { transport: "pglite" };
  const manager = new StateManager({ backendType: "postgres", backendConfig: config, batchSize: 4 });
  await manager.savePipelineState("p", { step: 1 }, { checkpoint: "always" });
  expect((await manager.loadPipelineState("p"))?.state).toEqual({ step: 1 });
  await manager.close();
  const wrong = { backendType: "redis", backendConfig: { hots: "x" }, batchSize: 0 } as const;
  expect(() => new StateManager(wrong)).toThrow(
    expect.objectContaining({
      code: "invalid_configuration",
      facts: { errors: [expect.objectContaining({ pointer: "/batchSize" }), expect.anything()] },
    }),
  );
});

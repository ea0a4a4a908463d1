import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { redisBackend } from "../../src/backends/redis/index.ts";
import { commitScript } from "../../src/backends/redis/lua/commit.ts";
import { probeScript } from "../../src/backends/redis/lua/probe.ts";
import {
  dueScript,
  framesScript,
  loadScript,
  pageScript,
  pipelinesScript,
} from "../../src/backends/redis/lua/reads.ts";
import { collectScript, joinScript, noteScript } from "../../src/backends/redis/lua/staged.ts";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { openClient, type RedisConfig, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { startUpstash } from "../../src/cli/local/upstash.ts";

const servers: { stop(): Promise<void> }[] = [];

beforeAll(() => ensureProgram("redis-server"));

afterEach(async () => {
  for (const server of servers.splice(0).reverse()) await server.stop();
});

async function start(config: RedisConfig = {}): Promise<RedisServer> {
  const server = await startRedis(config);
  servers.push(server);
  return server;
}

async function healthOf(server: RedisServer, options: { password?: string } = {}) {
  const backend = redisBackend({ transport: "tcp", url: server.url, ...options });
  const health = await backend.health();
  await backend.close();
  return health;
}

const unsafe: [string, RedisConfig, RegExp][] = [
  ["no append-only file", { appendonly: "no" }, /^The append-only file is off/],
  ["snapshots only, as Debian has it", { appendonly: "no", save: "3600 1" }, /^The append-only file is off/],
  ["a file that is never flushed", { appendfsync: "no" }, /never flushed/],
  ["keys that are evicted", { "maxmemory-policy": "allkeys-lru", maxmemory: "100mb" }, /evicted/],
  ["keys that expire being evicted", { "maxmemory-policy": "volatile-ttl" }, /evicted/],
  ["a Cluster", { "cluster-enabled": "yes" }, /Cluster/],
];

test.each(unsafe)("not ready with %s", async (_what, config, problem) => {
  const { ready, problems, unverified } = await healthOf(await start(config));
  expect([ready, unverified]).toEqual([false, undefined]);
  expect(problems.length).toBe(1);
  expect(problems[0]).toMatch(problem);
});

test.each(["always", "everysec"])("ready with an append-only file flushed %s", async (appendfsync) => {
  expect(await healthOf(await start({ appendfsync }))).toEqual({ ready: true, problems: [] });
});

test("several problems are all told", async () => {
  const { problems } = await healthOf(await start({ appendonly: "no", "maxmemory-policy": "allkeys-lfu" }));
  expect(problems.length).toBe(2);
});

test("a replica is not ready", async () => {
  const server = await start({ replicaof: `127.0.0.1 ${await freePort()}` });
  expect((await healthOf(server)).problems).toEqual(["This Redis is a replica, not the primary."]);
});

test("a server that does not let us in is not ready", async () => {
  const server = await start({ requirepass: "secret" });
  expect(await healthOf(server)).toEqual({
    ready: false,
    problems: ["Redis does not take commands (NOAUTH)."],
  });
  expect((await healthOf(server, { password: "wrong" })).ready).toBe(false);
  expect((await healthOf(server, { password: "secret" })).ready).toBe(true);
});

test("a server that is gone is not ready", async () => {
  const server = await start();
  await server.kill();
  expect(await healthOf(server)).toEqual({ ready: false, problems: ["Redis does not answer."] });
});

test("what may not be asked is unverified, not a problem", async () => {
  const server = await start({ appendonly: "no", "maxmemory-policy": "allkeys-lru" });
  const ask = async (refuse: string[]) => {
    const upstash = await startUpstash(server.url, "secret", { refuse });
    servers.push(upstash);
    return redisBackend({ transport: "upstash", url: upstash.url, token: "secret" }).health();
  };
  const blind = await ask(["INFO", "CONFIG"]);
  expect([blind.ready, blind.problems]).toEqual([true, []]);
  expect(blind.unverified).toContain("whether the append-only file is on");
  expect(blind.unverified).toContain("whether keys may be evicted");
  const half = await ask(["CONFIG"]);
  expect([half.ready, half.problems.length]).toEqual([false, 2]);
  expect(half.unverified).toEqual(["how often the append-only file is flushed"]);
});

describe("behind a REST front end", () => {
  async function front(config: RedisConfig = {}) {
    const server = await start(config);
    const upstash = await startUpstash(server.url, "secret");
    servers.push(upstash);
    const options = { url: upstash.url, token: "secret", commandTimeoutSeconds: 1 };
    return { server, upstash, health: () => redisBackend({ transport: "upstash", ...options }).health() };
  }

  test("a server that is gone is not ready", async () => {
    const { server, health } = await front();
    expect(await health()).toEqual({ ready: true, problems: [] });
    await server.kill();
    // The front end may notice at once, answer for it, or wait.
    for (let i = 0; i < 3; i++) {
      const { ready, problems, unverified } = await health();
      expect([ready, problems.length, unverified]).toEqual([false, 1, undefined]);
    }
  });

  test.each([
    ["a quota that is used up", "ERR max requests limit exceeded. Limit: 500000", /^A limit of the plan/],
    ["an error without a code", "Socket closed: redis://:hunter2@db", /^Redis does not take commands\.$/],
    ["a disk that is full", "MISCONF Errors writing to the AOF file: hunter2", /commands \(MISCONF\)\.$/],
  ])("%s is not ready, whatever answers", async (_what, error, problem) => {
    const { upstash, health } = await front();
    const each = JSON.stringify(Array.from({ length: 5 }, () => ({ error })));
    for (const fault of [
      { status: 200, body: each },
      { status: 400, body: JSON.stringify({ error }) },
    ]) {
      upstash.fault = fault;
      const { ready, problems, unverified } = await health();
      expect([ready, problems.length, unverified]).toEqual([false, 1, undefined]);
      expect(problems[0]).not.toMatch(/hunter2/);
      if (fault.status === 200) expect(problems[0]).toMatch(problem);
    }
  });
});

test("a full store is not ready, and is when there is room again", async () => {
  const server = await start({ maxmemory: "1" });
  expect(await healthOf(server)).toEqual({
    ready: false,
    problems: ["The memory of Redis is full: writes are refused."],
  });
  const client = await openClient(server.url);
  await client.configSet("maxmemory", "0");
  expect(await client.dbSize()).toBe(0);
  client.destroy();
  expect((await healthOf(server)).ready).toBe(true);
});

test("a user that may not ask for the configuration", async () => {
  const server = await start();
  const client = await openClient(server.url);
  await client.sendCommand(["ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-config", "-info"]);
  client.destroy();
  const backend = redisBackend({ transport: "tcp", port: server.port, username: "app", password: "pw" });
  const health = await backend.health();
  await backend.close();
  expect([health.ready, health.problems]).toEqual([true, []]);
  expect(health.unverified!.length).toBe(6);
});

test.each([
  ["may not run a command that commits need", "~*", "-unlink"],
  ["may not run scripts", "~*", "-eval"],
  ["may not write our keys", "~other:*", "+@all"],
])("not ready with a user that %s", async (_what, keys, command) => {
  const server = await start();
  const client = await openClient(server.url);
  await client.sendCommand(["ACL", "SETUSER", "app", "on", ">pw", keys, "&*", "+@all", command]);
  client.destroy();
  const backend = redisBackend({ transport: "tcp", port: server.port, username: "app", password: "pw" });
  const { ready, problems } = await backend.health();
  await backend.close();
  expect([ready, problems.length]).toEqual([false, 1]);
  expect(problems[0]).toMatch(/^A command that commits need is refused/);
});

test("not ready where a command was renamed", async () => {
  const { problems } = await healthOf(await start({ "rename-command": ["HSET", "nothing"] }));
  expect(problems).toEqual([expect.stringMatching(/^A command that commits need is refused/)]);
});

test("a check leaves nothing behind, and tries every command of the scripts", async () => {
  const server = await start();
  await healthOf(server);
  const client = await openClient(server.url);
  expect(await client.dbSize()).toBe(0);
  client.destroy();
  const reads = [loadScript, framesScript, pageScript, pipelinesScript, dueScript];
  const scripts = [commitScript, joinScript, noteScript, collectScript, ...reads].join();
  const used = [...scripts.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, name]) => name!);
  const tried = new Set([...probeScript.matchAll(/run\('([A-Z]+)'/g)].map(([, name]) => name));
  expect(used.length).toBeGreaterThan(40);
  expect(used.filter((name) => !tried.has(name))).toEqual([]);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { change, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { Effects, StorageBackend } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import { type Relay, startRelay } from "../support/relay.ts";

let redis: RedisServer;
let upstash: UpstashServer;
let relays: Record<"tcp" | "upstash", Relay>;

beforeAll(async () => {
  redis = await startRedis();
  upstash = await startUpstash(redis.url, "secret");
  relays = { tcp: await startRelay(redis.port), upstash: await startRelay(upstash.port) };
}, 120_000);

afterAll(async () => {
  await Promise.all(Object.values(relays ?? {}).map((relay) => relay.stop()));
  await upstash?.stop();
  await redis?.stop();
});

function open(kind: "tcp" | "upstash"): StorageBackend {
  const { port } = relays[kind];
  return kind === "tcp"
    ? redisBackend({ transport: "tcp", port })
    : redisBackend({ transport: "upstash", url: `http://127.0.0.1:${port}`, token: "secret" });
}

test.each(["tcp", "upstash"] as const)(
  "over %s a warm save, checkpoint, heartbeat, load and list are one round trip each",
  async (kind) => {
    const backend = open(kind);
    const key = { tenant: "trips", pipelineId: kind };
    const held = { expect: { fence: 1 } };
    let version = 0;
    await backend.commit([await saving(key, version++, "v1")]);
    await backend.commit([change(key, { lease: { take: { owner: "o", ttlSeconds: 60 } } })]);
    const save = async (effects: Effects = {}) =>
      backend.commit([await saving(key, version++, noise(2048), { ...held, effects })]);
    const work: [string, () => Promise<unknown>][] = [
      ["save", () => save()],
      ["save with a checkpoint", () => save({ checkpoint: snapshot() })],
      ["checkpoint", () => backend.commit([change(key, { checkpoint: snapshot() }, held)])],
      ["heartbeat", () => backend.commit([change(key, { lease: { renew: {} } }, held)])],
      ["load", () => backend.load(key, { frame: true })],
      ["checkpoints", () => backend.checkpoints(key, { limit: 50 })],
      ["pipelines", () => backend.pipelines("trips", {}, { limit: 50 })],
      ["events", () => backend.events(key, { limit: 50 })],
      ["claim", () => backend.due(10)],
      ["health", () => backend.health()],
    ];
    // The server is told each script once; then it knows them.
    for (const [, run] of work) await run();
    for (const [name, run] of work) {
      const before = relays[kind].exchanges;
      await run();
      expect([name, relays[kind].exchanges - before]).toEqual([name, 1]);
    }
    await backend.close();
  },
);

test.each(["tcp", "upstash"] as const)(
  "over %s a server that knows no script costs one round trip more, once",
  async (kind) => {
    const backend = open(kind);
    const key = { tenant: "forgetful", pipelineId: kind };
    await backend.commit([await saving(key, 0, "v1")]);
    const client = await openClient(redis.url);
    await client.scriptFlush();
    client.destroy();
    const trips: number[] = [];
    for (let version = 1; version < 4; version++) {
      const before = relays[kind].exchanges;
      await backend.commit([await saving(key, version, "v")]);
      trips.push(relays[kind].exchanges - before);
    }
    expect(trips).toEqual([2, 1, 1]);
    expect((await backend.load(key))!.head.writes.length).toBe(4);
    await backend.close();
  },
);

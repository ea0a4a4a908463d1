import { afterAll, beforeAll, expect, test } from "vitest";
import { change, extending, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { Effects, StorageBackend } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
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
    const sums = { tenant: "trips", scope: `metrics/${kind}` };
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
      ["load", () => backend.load(key, { frames: true })],
      ["checkpoints", () => backend.checkpoints(key, { limit: 50 })],
      ["pipelines", () => backend.pipelines("trips", {}, { limit: 50 })],
      ["events", () => backend.events(key, { limit: 50 })],
      ["claim", () => backend.due(10)],
      ["collect", () => backend.collect(key, 3600)],
      ["add", () => backend.add(sums, { n: 1, m: 0.5 })],
      ["sums", () => backend.sums(sums)],
      ["clear sums", () => backend.clearSums(sums)],
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

/** Saves a state of so many bytes, and deltas of 10 noisy bytes upon it. */
async function grow(backend: StorageBackend, key: PipelineKey, bytes: number, deltas: number): Promise<Head> {
  let content = noise(bytes);
  let [outcome] = await backend.commit([await saving(key, 0, content)]);
  for (let i = 1; i <= deltas; i++) {
    const next = new Uint8Array([...content, ...noise(10, i)]);
    [outcome] = await backend.commit([await extending(key, outcome!.head!, content, next)]);
    content = next;
  }
  return outcome!.head!;
}

test.each(["tcp", "upstash"] as const)(
  "over %s a save of a delta, a load of its chain, its frames and what is staged are one round trip each",
  async (kind) => {
    const backend = open(kind);
    const key = { tenant: "chains", pipelineId: kind };
    let head = await grow(backend, key, 3000, 126);
    const links = () => linksOf(head.state!.frame);
    const save = async () => {
      const [outcome] = await backend.commit([await extending(key, head, "", noise(3))]);
      head = outcome!.head!;
    };
    const parts = [1, 2, 3].map((i) => ({ frameId: `x.p${i}`, bytes: noise(50_000, i) }));
    const draft = snapshot();
    await backend.commit([change(key, { checkpoint: draft })]);
    const work: [string, () => Promise<unknown>][] = [
      ["save", save],
      ["load", () => backend.load(key, { frames: true })],
      ["load of a checkpoint", () => backend.loadCheckpoint!(key, draft.checkpointId)],
      ["load of no checkpoint", () => backend.loadCheckpoint!(key, snapshot().checkpointId)],
      ["frames", () => backend.frames(key, links())],
      ["stage", () => backend.stage(key, parts)],
      ["collect", () => backend.collect(key, 0)],
    ];
    for (const [, run] of work) await run();
    for (const [name, run] of work) {
      const before = relays[kind].exchanges;
      await run();
      expect([name, relays[kind].exchanges - before]).toEqual([name, 1]);
    }
    const { frames } = (await backend.load(key, { frames: true }))!;
    expect(frames.map((frame) => frame?.length)).toEqual(links().map((link) => link.storedBytes));
    await backend.close();
  },
);

test("a chain that is longer than an answer comes in a few, however many frames it has", async () => {
  const backend = open("upstash");
  const key = { tenant: "chains", pipelineId: "long" };
  const head = await grow(backend, key, 700_000, 60);
  const draft = snapshot();
  await backend.commit([change(key, { checkpoint: draft })]);
  const loads = [
    () => backend.load(key, { frames: true }),
    () => backend.loadCheckpoint!(key, draft.checkpointId),
  ];
  for (const load of loads) {
    await load();
    const before = relays.upstash.exchanges;
    const { frames } = (await load())!;
    expect(relays.upstash.exchanges - before).toBeLessThanOrEqual(3);
    const decoded = await decodeFrame(key, head.state!, frames);
    expect(decoded.ok && decoded.content.length).toBe(700_600);
  }
  await backend.close();
});

test("a checkpoint brings the frames that it names alone", async () => {
  const backend = open("tcp");
  const key = { tenant: "chains", pipelineId: "middle" };
  await grow(backend, key, 3000, 20);
  const draft = snapshot();
  const [marked] = await backend.commit([change(key, { checkpoint: draft })]);
  await backend.commit([await extending(key, marked!.head!, "", noise(50_000, 5))]);
  await backend.loadCheckpoint!(key, draft.checkpointId);
  const before = relays.tcp.received;
  const { record, frames } = (await backend.loadCheckpoint!(key, draft.checkpointId))!;
  expect(relays.tcp.received - before).toBeLessThan(6000);
  expect(frames.map((frame) => frame?.length)).toEqual(
    linksOf(record.frame).map(({ storedBytes }) => storedBytes),
  );
  await backend.close();
});

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

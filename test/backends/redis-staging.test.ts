import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { change, dataCheckpoint, noise, saving } from "../../src/backends/contract/support.ts";
import { type RedisSettings, redisOver } from "../../src/backends/redis/backend.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import { tcpTransport } from "../../src/backends/redis/tcp.ts";
import { type Command, NotSent, type Transport } from "../../src/backends/redis/transport.ts";
import { upstashTransport } from "../../src/backends/redis/upstash.ts";
import type { Commit } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import type { CairnError } from "../../src/model/errors.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { readCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { StateManager } from "../../src/state/manager.ts";

const LIMIT = 1_000_000;
const MB = 1024 * 1024;

let redis: RedisServer;
let upstash: UpstashServer;
let client: Awaited<ReturnType<typeof openClient>>;
let key: PipelineKey;
let names = 0;

beforeAll(async () => {
  redis = await startRedis({ appendfsync: "everysec" });
  upstash = await startUpstash(redis.url, "secret", { maxRequestBytes: LIMIT });
  client = await openClient(redis.url);
}, 120_000);

beforeEach(() => {
  key = { tenant: "staging", pipelineId: `p${++names}` };
});

afterAll(async () => {
  client?.destroy();
  await upstash?.stop();
  await redis?.stop();
});

/** The transport, and what happens between the parts of a commit and the commit itself. */
function between(inner: Transport, act: () => Promise<void>): Transport {
  const isCommit = (command: Command) => String(command[0]).startsWith("EVAL") && command.includes("create");
  return {
    ...inner,
    async send(commands) {
      if (commands.some(isCommit)) await act();
      return inner.send(commands);
    },
  };
}

async function keysOf(pipeline: PipelineKey): Promise<{ parts: string[]; all: string[] }> {
  const { part, head } = redisKeys("cairn:").of(pipeline);
  const all = (await client.keys(`${head.slice(0, -"head".length)}*`)).sort();
  return { parts: all.filter((name) => name.startsWith(part)), all };
}

const kinds: [string, () => Transport][] = [
  ["TCP", () => tcpTransport({ url: redis.url })],
  ["Upstash's REST", () => upstashTransport({ url: upstash.url, token: "secret" })],
];

describe.each(kinds)("over %s", (_name, connect) => {
  function open(settings: RedisSettings = {}, act = async () => {}) {
    return redisOver(between(connect(), act), { maxRequestBytes: LIMIT, ...settings });
  }

  async function code(run: Promise<unknown>): Promise<string> {
    return run.then(
      () => "none",
      (error: CairnError) => error.code,
    );
  }

  /** A state of several parts over one small version. */
  async function large(act: () => Promise<void>, settings: RedisSettings = {}) {
    const backend = open(settings, act);
    const first = open();
    await first.commit([await saving(key, 0, "v1")]);
    await first.close();
    const commit = await saving(key, 1, noise(2 * MB));
    return { backend, commit };
  }

  test("a state of 20 MB is saved and loaded through StateManager, as is a checkpoint", async () => {
    const backend = open();
    const manager = new StateManager({ backend, tenant: key.tenant });
    upstash.seen.largest = 0;
    const content = noise(20 * MB, names);
    await manager.savePipelineState(key.pipelineId, content, { checkpoint: "always" });
    await manager.createCheckpoint(key.pipelineId, { data: noise(3 * MB) });
    const loaded = await manager.loadPipelineState<Uint8Array>(key.pipelineId);
    expect(Buffer.compare(loaded!.state, content)).toBe(0);
    const { data } = await manager.listCheckpoints(key.pipelineId);
    expect(data.map((checkpoint) => checkpoint.bytes)).toEqual([3 * MB, 20 * MB]);
    const whole = await readCheckpoint(createCore({ backend }), key, data[0]!.checkpointId);
    expect(Buffer.compare(whole.content as Uint8Array, noise(3 * MB))).toBe(0);
    const { all, parts } = await keysOf(key);
    expect(parts).toEqual([]);
    expect(await Promise.all(all.map((name) => client.ttl(name)))).toEqual(all.map(() => -1));
    expect(upstash.seen.largest).toBeLessThanOrEqual(LIMIT);
    await manager.close();
  }, 60_000);

  test("a state and the data of a checkpoint may both be staged, in one commit", async () => {
    const backend = open();
    const checkpoint = await dataCheckpoint(key, 1, noise(MB, 2));
    const commit = await saving(key, 0, noise(2 * MB), { effects: { checkpoint } });
    await backend.commit([commit]);
    const refs = [commit.effects.state!.frame.ref, checkpoint.data.frame.ref];
    const found = await backend.frames(key, refs);
    expect(found.map((bytes) => bytes?.length)).toEqual([2 * MB, MB]);
    expect((await keysOf(key)).parts).toEqual([]);
    await backend.close();
  });

  test.each([0, 1, 2, 3, 4])("every length comes through, %i bytes over a part's end", async (over) => {
    const backend = open({ maxRequestBytes: 40_000 });
    for (const base of [24_000, 30_000, 39_000, 60_000, 78_000]) {
      const version = (await backend.load(key))?.head.version ?? 0;
      const commit = await saving(key, version, noise(base + over, base));
      await backend.commit([commit]);
      const loaded = await backend.load(key, { frames: true });
      expect(Buffer.compare(loaded!.frames[0]!, commit.effects.state!.frame.bytes)).toBe(0);
    }
    await backend.close();
  });

  test("a crash between the parts and the commit leaves parts that expire, and nothing else", async () => {
    const { backend, commit } = await large(
      async () => {
        throw new NotSent("crashed");
      },
      { stagedSeconds: 0.3 },
    );
    const before = (await keysOf(key)).all;
    expect(await code(backend.commit([commit]))).toBe("backend_unavailable");
    const { parts, all } = await keysOf(key);
    expect(parts.length).toBeGreaterThan(1);
    expect(all.filter((name) => !parts.includes(name))).toEqual(before);
    await expect.poll(async () => (await keysOf(key)).all).toEqual(before);
    await backend.close();
  });

  const damages: [string, (parts: string[]) => Promise<unknown>][] = [
    ["is missing", ([, second]) => client.del(second!)],
    ["is shorter", ([, second]) => client.set(second!, "b")],
    ["is replaced by as many bytes", async ([first]) => client.setRange(first!, 9, "replaced")],
    ["is of another kind", async ([, second]) => client.multi().del(second!).lPush(second!, "x").exec()],
  ];
  test.each(damages)(
    "where a part %s, the commit is refused and nothing is written",
    async (_what, damage) => {
      let damaged = false;
      const { backend, commit } = await large(async () => {
        if (!damaged) await damage((await keysOf(key)).parts);
        damaged = true;
      });
      const before = { keys: (await keysOf(key)).all, head: (await backend.load(key))!.head };
      expect(await code(backend.commit([commit]))).toBe("backend_unavailable");
      expect((await backend.load(key))!.head).toEqual(before.head);
      expect((await keysOf(key)).all.filter((name) => !name.includes(":part:"))).toEqual(before.keys);
      const [again] = await backend.commit([commit]);
      expect(again).toMatchObject({ ok: true, replayed: false, result: { version: 2 } });
      expect((await keysOf(key)).parts).toEqual([]);
      await backend.close();
    },
  );

  test("a refused or repeated commit takes its parts away", async () => {
    const { backend, commit } = await large(async () => {});
    const wrong = await saving(key, 7, noise(2 * MB));
    expect((await backend.commit([wrong]))[0]).toMatchObject({ ok: false, refusal: "version_mismatch" });
    expect((await keysOf(key)).parts).toEqual([]);
    await backend.commit([commit]);
    expect((await backend.commit([commit]))[0]).toMatchObject({ ok: true, replayed: true });
    expect((await keysOf(key)).parts).toEqual([]);
    await backend.close();
  });

  test("a batch larger than one request is sent in several, in order", async () => {
    const backend = open();
    const commits: Commit[] = [];
    for (let version = 0; version < 6; version++)
      commits.push(await saving(key, version, noise(400_000, version + 1)));
    const outcomes = await backend.commit(commits);
    expect(outcomes.map((outcome) => outcome.ok && outcome.result.version)).toEqual([1, 2, 3, 4, 5, 6]);
    await backend.close();
  });

  test("a frame over the declared limit, or the server's own, is too large, and nothing is written", async () => {
    const declared = open({ maxFrameBytes: MB });
    expect(declared.capabilities.maxFrameBytes).toBe(MB);
    expect(await code(declared.commit([await saving(key, 0, noise(MB + 1))]))).toBe("too_large");
    expect((await keysOf(key)).all).toEqual([]);
    await declared.close();
    await client.configSet("proto-max-bulk-len", String(2 * MB));
    try {
      const checkpoint = await dataCheckpoint(key, 1, noise(2 * MB, 7));
      const { backend } = await large(async () => {});
      const before = (await keysOf(key)).all;
      const effects = { checkpoint };
      const frames = [noise(2 * MB), noise(MB)];
      for (const frame of frames) {
        const commit = await saving(key, 1, frame, { effects });
        expect(await code(backend.commit([commit]))).toBe("too_large");
        expect((await keysOf(key)).all).toEqual(before);
      }
      expect((await backend.load(key))!.head.revision).toBe(1);
      await backend.close();
    } finally {
      await client.configSet("proto-max-bulk-len", String(512 * MB));
    }
  });

  test("settings that do not fit in one request are refused as too large", async () => {
    const backend = open({ maxRequestBytes: 60_000 });
    const tasks = Array.from({ length: 1000 }, (_, i) => ({ name: `${"task ".repeat(20)}${i}` }));
    const register = change(key, { settings: { tasks } }, { expect: { create: "allowed" } });
    expect(await code(backend.commit([register]))).toBe("too_large");
    expect(await backend.load(key)).toBe(null);
    await backend.close();
  });
});

test("what one protocol has stored, the other reads", async () => {
  const [tcp, rest] = kinds.map(([, connect]) => redisOver(connect()));
  const commits = [
    await saving(key, 0, noise(2 * MB)),
    await saving(key, 1, noise(999_999, 5)),
    await saving(key, 2, "v3"),
  ];
  for (const [i, commit] of commits.entries()) {
    const [writer, reader] = i % 2 ? [tcp!, rest!] : [rest!, tcp!];
    await writer.commit([commit]);
    const loaded = await reader.load(key, { frames: true });
    expect(Buffer.compare(loaded!.frames[0]!, commit.effects.state!.frame.bytes)).toBe(0);
    expect(await writer.load(key, { frames: true })).toEqual(loaded);
  }
  await tcp!.close();
});

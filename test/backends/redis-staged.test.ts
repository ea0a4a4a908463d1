import { beforeEach, describe, expect, test } from "vitest";
import { change, noise, saving } from "../../src/backends/contract/support.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { Commit, StagedFrame, StorageBackend } from "../../src/backends/types.ts";
import { chainOf } from "../../src/model/chain.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { failure, KINDS, newKey, open, rig, useRig } from "./redis-rig.ts";

const MB = 1024 * 1024;
const HOUR = 3_600_000;

useRig();

let key: PipelineKey;

beforeEach(() => {
  key = newKey();
});

function part(commit: Commit, i: number, bytes: number): StagedFrame {
  const chain = chainOf(commit.effects.state!.frame.ref);
  return { frameId: `${chain}.p${i}-${bytes.toString(36)}-x`, bytes: noise(bytes, i + 1) };
}

function adopting(commit: Commit, parts: readonly StagedFrame[]): Commit {
  const staged = parts.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
  return { ...commit, effects: { state: { ...commit.effects.state!, staged } } };
}

/** The keys of the pipeline by what they are: `frame:`, `staged:`… All but the set of what is staged. */
async function keysOf(kind: string): Promise<string[]> {
  const { head, staging } = redisKeys("cairn:").of(key);
  const found = await rig.client.keys(`${head.slice(0, -"head".length)}${kind}*`);
  return found.filter((name) => name !== staging).sort();
}

/** The set of what is staged: the names of frames, and how long it stays. */
async function noted(): Promise<[string[], number]> {
  const { staging } = redisKeys("cairn:").of(key);
  return [(await rig.client.zRange(staging, 0, -1)).sort(), await rig.client.pTTL(staging)];
}

async function refusalOf(backend: StorageBackend, commit: Commit): Promise<string> {
  const [outcome] = await backend.commit([commit]);
  return outcome!.ok ? "none" : outcome!.refusal;
}

describe.each(KINDS)("over %s", (kind) => {
  const small = () => open(kind, { maxRequestBytes: MB, commandTimeoutSeconds: 5 });

  test("frames of 4 MB are staged in requests of 1 MB, wait for an hour, and stay once a commit names them", async () => {
    const backend = small();
    const commit = await saving(key, 0, "root");
    const parts = [4 * MB, 4 * MB + 1, 4 * MB + 2, 0, 1].map((bytes, i) => part(commit, i, bytes));
    for (const each of parts) await backend.stage(key, [each]);
    const waiting = await keysOf("");
    expect(waiting.length).toBe(parts.length);
    for (const name of waiting) {
      const life = await rig.client.pTTL(name);
      expect(life > HOUR - 60_000 && life <= HOUR).toBe(true);
    }
    const [names, stays] = await noted();
    expect(names).toEqual(parts.map(({ frameId }) => frameId).sort());
    expect(stays > HOUR - 60_000 && stays <= HOUR).toBe(true);
    expect(await refusalOf(backend, adopting(commit, parts))).toBe("none");
    expect([await keysOf("staged:"), await keysOf("part:")]).toEqual([[], []]);
    const ttls = await Promise.all((await keysOf("")).map((name) => rig.client.ttl(name)));
    expect(new Set(ttls)).toEqual(new Set([-1]));
    for (const { frameId, bytes } of parts) {
      const [stored] = await backend.frames(key, [{ frameId, storedBytes: bytes.length }]);
      expect(Buffer.compare(stored!, bytes)).toBe(0);
    }
    await backend.commit([change(key, { remove: true })]);
    expect([await keysOf("frame:"), await keysOf("chain:")]).toEqual([[], []]);
  }, 30_000);

  test("staged again by another protocol, or at the same time, it is there once, and whole", async () => {
    const other = open(kind === "tcp" ? "upstash" : "tcp", { maxRequestBytes: MB });
    const backend = small();
    const commit = await saving(key, 0, "root");
    const frame = part(commit, 0, 3 * MB);
    await Promise.all([backend, other, backend, other].map((each) => each.stage(key, [frame])));
    expect((await keysOf("")).length).toBe(1);
    expect(await refusalOf(backend, adopting(commit, [frame]))).toBe("none");
    const [stored] = await other.frames(key, [{ frameId: frame.frameId, storedBytes: 3 * MB }]);
    expect(Buffer.compare(stored!, frame.bytes)).toBe(0);
  }, 30_000);

  test("many small frames go together, in requests that keep to the limit", async () => {
    const backend = small();
    const commit = await saving(key, 0, "root");
    const parts = Array.from({ length: 40 }, (_, i) => part(commit, i, 60_000));
    await backend.stage(key, parts);
    expect((await keysOf("staged:")).length).toBe(40);
    expect(await refusalOf(backend, adopting(commit, parts))).toBe("none");
    expect((await keysOf("frame:")).length).toBe(41);
    expect((await keysOf("chain:")).length).toBe(1);
  });

  test("what has expired, is shorter or longer is not there: the commit is refused, and the rest waits on", async () => {
    const backend = small();
    const commit = await saving(key, 0, "root");
    const parts = [part(commit, 0, 100), part(commit, 1, 100)];
    const last = `${redisKeys("cairn:").of(key).staged}${parts[1]!.frameId}`;
    const damages = [() => rig.client.del(last), () => rig.client.append(last, "x"), () => truncate(last)];
    for (const damage of damages) {
      await backend.stage(key, parts);
      await damage();
      expect(await refusalOf(backend, adopting(commit, parts))).toBe("frames_missing");
      expect(await backend.load(key)).toBe(null);
      expect((await keysOf("")).every((name) => name.includes(":staged:"))).toBe(true);
    }
    await backend.stage(key, parts);
    expect(await refusalOf(backend, adopting(commit, parts))).toBe("none");
  });

  test("a frame longer than the server lets a string be is too large, and leaves nothing", async () => {
    const backend = small();
    await rig.client.configSet("proto-max-bulk-len", String(2 * MB));
    try {
      const frame = { frameId: "x.p0", bytes: noise(3 * MB) };
      expect(await failure(backend.stage(key, [frame]))).toBe("too_large");
      expect([await keysOf(""), (await noted())[0]]).toEqual([[], []]);
    } finally {
      await rig.client.configSet("proto-max-bulk-len", String(512 * MB));
    }
  });

  test("where nobody answers nothing is said to be staged", async () => {
    const backend = open(kind, { maxRequestBytes: MB });
    await backend.load(key);
    rig.relays[kind].mode = "drop";
    for (const bytes of [10, 3 * MB]) {
      const staging = backend.stage(key, [{ frameId: "x.p0", bytes: noise(bytes) }]);
      expect(await failure(staging)).toBe("backend_unavailable");
    }
  });
});

describe.each(KINDS)("collected over %s", (kind) => {
  let ahead = 0;
  const client = () => open(kind, { maxRequestBytes: MB, commandTimeoutSeconds: 5, ahead: () => ahead });

  beforeEach(() => {
    ahead = 0;
  });

  test("what was staged long ago goes, whatever its size and whoever staged it; what is younger stays", async () => {
    const backend = client();
    const commit = await saving(key, 0, "root");
    const old = [1, 1000, 3 * MB].map((bytes, i) => part(commit, i, bytes));
    const young = [2, 2000, 3 * MB + 1].map((bytes, i) => part(commit, i + 3, bytes));
    const again = part(commit, 6, 500);
    await client().stage(key, [...old, again]);
    ahead = 1_000_000;
    await client().stage(key, [...young, again]);
    expect(await backend.collect(key, 1100)).toBe(0);
    expect((await keysOf("staged:")).length).toBe(7);
    ahead += 50_000;
    expect(await backend.collect(key, 500)).toBe(3);
    expect(await backend.collect(key, 500)).toBe(0);
    const left = [...young, again].map(({ frameId }) => frameId).sort();
    expect((await noted())[0]).toEqual(left);
    expect((await keysOf("staged:")).map((name) => name.slice(name.indexOf(":staged:") + 8))).toEqual(left);
    expect(await refusalOf(backend, adopting(commit, [again, ...old]))).toBe("frames_missing");
    expect(await refusalOf(backend, adopting(commit, [again, ...young]))).toBe("none");
  }, 30_000);

  test("what a commit has named stays, and is not counted; another pipeline's is another's", async () => {
    const backend = client();
    const commit = await saving(key, 0, "root");
    const parts = [part(commit, 0, 100), part(commit, 1, 2 * MB)];
    const other = { ...key, pipelineId: `${key.pipelineId}.1` };
    await backend.stage(other, parts);
    await backend.stage(key, parts);
    expect(await refusalOf(backend, adopting(commit, parts))).toBe("none");
    const before = await rig.client.sendCommand(["HGETALL", redisKeys("cairn:").of(key).head]);
    expect(await backend.collect(key, 0)).toBe(0);
    expect(await rig.client.sendCommand(["HGETALL", redisKeys("cairn:").of(key).head])).toEqual(before);
    const links = parts.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
    expect((await backend.frames(key, links)).map((bytes) => bytes?.length)).toEqual([100, 2 * MB]);
    expect(await backend.collect(other, 0)).toBe(2);
    expect(await backend.collect({ ...key, pipelineId: "nobody" }, 0)).toBe(0);
  });

  test("a writer that stalled between staging and its commit is told that its frames are gone, and stages again", async () => {
    const [writer, sweep] = [client(), client()];
    const commit = await saving(key, 0, "root");
    const parts = [part(commit, 0, 100), part(commit, 1, 2 * MB)];
    await writer.stage(key, parts);
    expect(await sweep.collect(key, 0)).toBe(2);
    expect(await refusalOf(writer, adopting(commit, parts))).toBe("frames_missing");
    expect([await keysOf(""), (await noted())[0]]).toEqual([[], []]);
    await writer.stage(key, parts);
    expect(await refusalOf(writer, adopting(commit, parts))).toBe("none");
  });

  test("commits and collections at the same time: what a head names is there", async () => {
    const backend = client();
    let version = 0;
    for (let round = 0; round < 30; round++) {
      const commit = await saving(key, version, `v${round}`);
      const parts = [part(commit, 0, 50), part(commit, 1, 60)];
      const saved = backend.stage(key, parts).then(() => refusalOf(backend, adopting(commit, parts)));
      const [refusal] = await Promise.all([saved, client().collect(key, 0), client().collect(key, 0)]);
      expect(["none", "frames_missing"]).toContain(refusal);
      if (refusal !== "none") continue;
      version++;
      const links = parts.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
      expect((await backend.frames(key, links)).map((bytes) => bytes?.length)).toEqual([50, 60]);
    }
  });

  test("a full store collects, and where nobody answers nothing is said to be collected", async () => {
    const backend = client();
    await backend.stage(key, [{ frameId: "x.p0", bytes: noise(9) }]);
    await rig.client.configSet("maxmemory", "1");
    try {
      expect(await backend.collect(key, 0)).toBe(1);
    } finally {
      await rig.client.configSet("maxmemory", "0");
    }
    rig.relays[kind].mode = "drop";
    expect(await failure(open(kind).collect(key, 0))).toBe("backend_unavailable");
  });
});

function truncate(name: string): Promise<unknown> {
  const script = "redis.call('SET', KEYS[1], redis.call('GETRANGE', KEYS[1], 0, -2))";
  return rig.client.sendCommand(["EVAL", script, "1", name]);
}

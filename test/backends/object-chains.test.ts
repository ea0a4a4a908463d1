import { expect, test } from "vitest";
import { change, extending, noise, saving } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { decodeContainer } from "../../src/backends/object/container.ts";
import { frameKey } from "../../src/backends/object/keys.ts";
import type { HeadRecord } from "../../src/backends/object/record.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { concat } from "../../src/model/bytes.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { Head } from "../../src/model/head.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { growing, KEY, land, sequential } from "./growing.ts";

const HEAD = "heads/t/p.q";

async function grown(backend: StorageBackend, saves: number, bytes: number) {
  const grow = growing(backend, bytes);
  let last = await grow();
  while (last.head.version < saves) last = await grow();
  return last;
}

const away = async (backend: StorageBackend, head: Head) => {
  for (const more of [0, 1]) await land(backend, await saving(KEY, head.version + more, `away ${more}`));
};

const objectsIn = ({ objects }: MemoryStore, prefix: string) =>
  [...objects.keys()].filter((key) => key.startsWith(prefix));

test.each([
  [10, 300, 1, 1],
  [100, 2000, 2, 2],
  // All of them objects: then only a load needs the head.
  [12, 40_000, 2, 1],
])("a chain of %i frames of %i bytes is loaded in %i sequential calls", async (saves, bytes, ...turns) => {
  const store = memoryStore();
  const { head, content } = await grown(objectBackend({ store }), saves, bytes);
  const load = await sequential(store, async (watched) => {
    const loaded = (await objectBackend({ store: watched }).load(KEY, { frames: true }))!;
    const decoded = await decodeFrame(KEY, head.state!, loaded.frames);
    expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
  });
  expect(load.turns).toBe(turns[0]);
  const frames = await sequential(store, async (watched) => {
    const stored = await objectBackend({ store: watched }).frames(KEY, linksOf(head.state!.frame));
    expect(stored).not.toContain(null);
  });
  expect(frames.turns).toBe(turns[1]);
});

test("of the segments only those are read that hold frames of the chain", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  for (const from of [0, 30]) {
    const grow = growing(backend, 2000, { checkpoints: true, from });
    for (let i = 0; i < 30; i++) await grow();
  }
  const { record } = await decodeContainer<HeadRecord>(store.objects.get(HEAD)!.bytes, {});
  const chain = chainOf(record.head.state!.frame);
  const own = record.segments.filter(({ chains }) => chains.includes(chain)).length;
  const { calls } = await sequential(store, async (watched) => {
    expect((await objectBackend({ store: watched }).load(KEY, { frames: true }))!.frames).not.toContain(null);
  });
  expect(calls.length).toBe(1 + own);
  expect(own).toBeLessThan(record.segments.length);
});

test("frames that are all objects are read without the head", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const large = await land(backend, await saving(KEY, 0, noise(50_000)));
  const chain = chainOf(large.state!.frame);
  const staged = { frameId: `${chain}.p0-a-b`, bytes: noise(10) };
  await backend.stage(KEY, [staged]);
  const { calls, turns } = await sequential(store, async (watched) => {
    const links = [large.state!.frame, { frameId: staged.frameId, storedBytes: 10 }];
    const stored = await objectBackend({ store: watched }).frames(KEY, links);
    expect(stored.map((bytes) => bytes?.length)).toEqual([50_000, 10]);
  });
  expect([turns, calls.length, calls.some((call) => call.includes(HEAD))]).toEqual([1, 2, false]);
});

test("a save costs the same however old the pipeline is, and seldom more than one put", async () => {
  const store = memoryStore();
  const grow = growing(objectBackend({ store }), 2000, { checkpoints: true });
  const put = async () => {
    const before = store.calls.length;
    await grow();
    const puts = store.calls.slice(before);
    const bytes = puts.reduce(
      (sum, call) => sum + store.objects.get(call.slice("put ".length))!.bytes.length,
      0,
    );
    return { puts: puts.length, bytes };
  };
  const costs: Awaited<ReturnType<typeof put>>[] = [];
  for (let i = 0; i < 224; i++) costs.push(await put());
  const mean = (from: number, of: "puts" | "bytes") =>
    costs.slice(from, from + 32).reduce((sum, cost) => sum + cost[of], 0) / 32;
  // By then it remembers as many commits as it ever does.
  expect(mean(192, "bytes")).toBeLessThan(1.3 * mean(64, "bytes"));
  expect(mean(192, "bytes")).toBeLessThan(30_000);
  for (const from of [0, 64, 192]) expect(mean(from, "puts")).toBeLessThan(1.2);
});

test("a chain that nothing names any more leaves its segments, and they go", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const { head } = await grown(backend, 60, 2000);
  const segments = objectsIn(store, "segments/");
  expect(segments.length).toBeGreaterThan(3);
  await away(backend, head);
  const { record } = await decodeContainer<HeadRecord>(store.objects.get(HEAD)!.bytes, {});
  expect(record.segments).toEqual([]);
  expect(record.garbage.toSorted()).toEqual(segments.toSorted());
  expect(store.objects.get(HEAD)!.bytes.length).toBeLessThan(16_000);
});

test("with the last checkpoint in a chain go its frames, and what else its segments hold stays", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const grow = growing(backend, 2000, { checkpoints: true });
  let last = await grow();
  while (last.head.version < 40) last = await grow();
  await away(backend, last.head);
  const segments = objectsIn(store, "segments/").length;
  const { data } = await backend.checkpoints(KEY, { limit: 100 });
  expect(data.length).toBe(40);
  const drop = (ids: string[]) =>
    change(KEY, { checkpoints: new Map(ids.map((id) => [id, "drop" as const])) });
  const ids = data.map(({ checkpointId }) => checkpointId);
  await land(backend, drop(ids.slice(1)));
  const kept = (await backend.checkpoint(KEY, ids[0]!))!;
  expect(await backend.frames(KEY, linksOf(kept.frame))).not.toContain(null);
  await land(backend, drop(ids.slice(0, 1)));
  expect(await backend.frames(KEY, linksOf(kept.frame))).toEqual(Array(40).fill(null));
  const { record } = await decodeContainer<HeadRecord>(store.objects.get(HEAD)!.bytes, {});
  expect(record.segments.length).toBeLessThan(segments);
  expect(record.segments.flatMap(({ chains }) => chains)).toEqual([]);
});

test("large frames go with their chain, those of writers that lost as well, and no others", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const frames = () => objectsIn(store, "frames/").map((key) => key.slice("frames/t/p.q/".length));
  const lost: string[] = [];
  let head: Head | null = null;
  for (let round = 0; round < 20; round++) {
    head = await land(backend, await saving(KEY, head?.version ?? 0, noise(40_000, 2 * round + 1)));
    const [won, late] = [await delta(head, round), await delta(head, round + 0.5)];
    head = await land(backend, won);
    // As a writer leaves it that put its frame, and then found the head changed.
    const { ref, bytes } = late.effects.state!.frame;
    await store.put(frameKey(KEY, ref.frameId), bytes);
    lost.push(ref.frameId);
  }
  const orphan = `${chainOf(head!.state!.frame)}0.0`;
  await store.put(frameKey(KEY, orphan), noise(10));
  const named = [head!.state!.frame, ...head!.history.map((each) => each.frame)].map(chainOf);
  expect(frames().length).toBeLessThan(3 * 19);
  for (let version = 40; version < 90; version++)
    await land(backend, await saving(KEY, version, noise(40_000, version)));
  const left = frames();
  expect(left.filter((id) => lost.includes(id))).toEqual([]);
  expect(left.filter((id) => named.some((chain) => id.startsWith(`${chain}.`)))).toEqual([]);
  expect(left).toContain(orphan);
  expect(left.length).toBeLessThanOrEqual(2 + 16 + 1 + 1);
  await land(backend, change(KEY, { remove: true }));
  expect(frames()).toEqual([orphan]);

  async function delta({ state }: Head, seed: number): Promise<Commit> {
    const before = noise(40_000, 2 * Math.floor(seed) + 1);
    const after = concat([before, noise(35_000, 1000 + 4 * seed)]);
    return extending(KEY, { state } as Head, before, after);
  }
});

test("small states that are all saved in full never list anything, and are one put each", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  for (let version = 0; version < 60; version++)
    await land(backend, await saving(KEY, version, noise(9000, version)));
  expect(store.calls.filter((call) => call !== `put ${HEAD}`)).toEqual([`get ${HEAD}`]);
  expect(store.objects.get(HEAD)!.bytes.length).toBeLessThan(32_000);
});

test("frames that are staged are found by one list, and are in nobody's way", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const commit = await saving(KEY, 0, "root");
  const chain = chainOf(commit.effects.state!.frame.ref);
  const parts = Array.from({ length: 1100 }, (_, i) => ({
    frameId: `${chain}.p${i}-1-x`,
    bytes: noise(1, i),
  }));
  await backend.stage(KEY, parts);
  const links = parts.map(({ frameId }) => ({ frameId, storedBytes: 1 }));
  const before = store.calls.length;
  await land(backend, { ...commit, effects: { state: { ...commit.effects.state!, staged: links } } });
  expect(store.calls.slice(before).filter((call) => call.startsWith("list")).length).toBe(2);
  const ref: FrameRef = commit.effects.state!.frame.ref;
  expect(await backend.frames(KEY, [links[7]!, ref])).toEqual([
    parts[7]!.bytes,
    new TextEncoder().encode("root"),
  ]);
});

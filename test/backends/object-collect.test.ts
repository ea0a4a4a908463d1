import { expect, test } from "vitest";
import { change, extending, noise, saving } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { frameKey, segmentKey } from "../../src/backends/object/keys.ts";
import { readHead } from "../../src/backends/object/record.ts";
import type { Commit, CommitOutcome, StorageBackend } from "../../src/backends/types.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import { type MemoryStore, memoryStore, timeless } from "../support/memory-store.ts";

const KEY = { tenant: "t", pipelineId: "p" };
const HEAD = "heads/t/p";
const LARGE = 60_000;
type Objects = MemoryStore["objects"];

const frames = (objects: Objects) => [...objects.keys()].filter((key) => key.startsWith("frames/"));

async function land(backend: StorageBackend, commit: Commit): Promise<Head> {
  const [outcome] = await backend.commit([commit]);
  if (!outcome!.ok) throw new Error(outcome!.refusal);
  return outcome!.head;
}

/** A client that stops before the first call that `at` names, until it is told to go on. */
function stalling(objects: Objects, at: (call: string) => boolean) {
  let reached = () => {};
  let goOn = () => {};
  const stalled = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let stalls = 1;
  const fault = async (call: string, key: string, when: string) => {
    if (when === "after" || !at(`${call} ${key}`) || stalls-- <= 0) return;
    reached();
    await held;
  };
  return { backend: objectBackend({ store: memoryStore({ objects, fault }) }), stalled, goOn };
}

/** Whatever the head names can be read, and makes the content. */
async function whole(objects: Objects): Promise<Head> {
  const backend = objectBackend({ store: memoryStore({ objects }) });
  const { head } = (await backend.load(KEY))!;
  for (const state of [...(head.state ? [head.state] : []), ...head.history]) {
    const stored = await backend.frames(KEY, linksOf(state.frame));
    expect((await decodeFrame(KEY, state, stored)).ok).toBe(true);
  }
  return head;
}

test("only what is old and unnamed goes: frames of losers in living and dead chains, segments, staged parts", async () => {
  const store = memoryStore();
  let now = Date.parse("2026-11-23T08:00:00Z");
  const backend = objectBackend({ store: timeless(store, () => now), now: () => now });
  const content = noise(LARGE);
  const head = await land(backend, await saving(KEY, 0, content));
  const next = new Uint8Array([...content, ...noise(40_000, 5)]);
  const [won, lost] = [await extending(KEY, head, content, next), await extending(KEY, head, content, next)];
  const tip = await land(backend, won);
  const chain = chainOf(head.state!.frame);
  const left = [
    frameKey(KEY, lost.effects.state!.frame.ref.frameId),
    frameKey(KEY, "3-aaaaaaaaaaaaaaaaaaaa.0"),
    frameKey(KEY, "3-bbbbbbbbbbbbbbbbbbbb.p1-5-aaaaaaa"),
    segmentKey(KEY, "2-0123456789abcdef"),
  ];
  const others = [
    frameKey({ ...KEY, pipelineId: "p2" }, "3-a.0"),
    frameKey({ ...KEY, tenant: "t2" }, "3-a.0"),
  ];
  const living = frameKey(KEY, `${chain}.p1-5-aaaaaaa`);
  const wrapped = timeless(store, () => now);
  const aged = objectBackend({ store: wrapped, now: () => now });
  for (const name of [...left, ...others, living]) await wrapped.put(name, noise(10));
  const before = [...store.objects.keys()];
  now += 3_599_000;
  const calls = store.calls.length;
  expect(await aged.collect(KEY, 3600)).toBe(0);
  expect(store.calls.slice(calls).filter((call) => /^(put|delete)/.test(call))).toEqual([]);
  now += 1000;
  await wrapped.put(frameKey(KEY, "3-cccccccccccccccccccc.0"), noise(10));
  expect(await aged.collect(KEY, 3600)).toBe(3);
  const after = [...store.objects.keys()];
  expect(before.filter((name) => !after.includes(name)).sort()).toEqual(left.sort());
  expect(after).toContain(frameKey(KEY, "3-cccccccccccccccccccc.0"));
  const { revision, updatedAt } = await whole(store.objects);
  expect(revision).toBeGreaterThan(tip.revision + 64);
  expect(updatedAt).toBe(tip.updatedAt);
  const quiet = store.calls.length;
  expect(await aged.collect(KEY, 3600)).toBe(0);
  expect(store.calls.slice(quiet).filter((call) => /^(put|delete)/.test(call))).toEqual([]);
});

test("a writer that stalled between its frame and its head does not bring back a name that was collected", async () => {
  const { objects } = memoryStore();
  const open = () => objectBackend({ store: memoryStore({ objects }) });
  await land(open(), await saving(KEY, 0, "v1"));
  const late = stalling(objects, (call) => call === `put ${HEAD}`);
  const commit = await saving(KEY, 1, noise(LARGE));
  const writing = late.backend.commit([commit]);
  await late.stalled;
  expect(frames(objects).length).toBe(1);
  expect(await open().collect(KEY, 0)).toBe(1);
  late.goOn();
  expect((await writing)[0]).toMatchObject({ ok: false, refusal: "frames_missing" });
  expect((await whole(objects)).version).toBe(1);
  // As a new write it lands, also from the same process.
  await land(late.backend, await saving(KEY, 1, noise(LARGE)));
  expect((await whole(objects)).version).toBe(2);
  await land(late.backend, await saving(KEY, 2, "v3"));
  const { record } = await readHead(memoryStore({ objects }), KEY, {});
  expect(record!.barred).toEqual([]);
});

test.each(["list", "get", "put", "delete"])(
  "a collector that stalls before its %s, while the writer goes on, takes nothing that a head names",
  async (call) => {
    const { objects } = memoryStore();
    const open = () => objectBackend({ store: memoryStore({ objects }) });
    await land(open(), await saving(KEY, 0, "v1"));
    const late = stalling(objects, (each) => each === `put ${HEAD}`);
    const writing = late.backend.commit([await saving(KEY, 1, noise(LARGE))]);
    await late.stalled;
    const collector = stalling(objects, (each) => each.startsWith(call));
    const collecting = collector.backend.collect(KEY, 0);
    await collector.stalled;
    late.goOn();
    const [outcome] = (await writing) as [CommitOutcome];
    collector.goOn();
    await collecting;
    expect((await whole(objects)).version).toBe(outcome.ok ? 2 : 1);
    expect(outcome.ok).toBe(call !== "delete");
  },
);

test.each(["put", "delete"])(
  "staged frames that are collected are not adopted, also while the collector stalls before its %s",
  async (call) => {
    const { objects } = memoryStore();
    const open = () => objectBackend({ store: memoryStore({ objects }) });
    await land(open(), await saving(KEY, 0, "v1"));
    const commit = await saving(KEY, 1, "index");
    const part = { frameId: `${chainOf(commit.effects.state!.frame.ref)}.p1-a-aaaaaaa`, bytes: noise(10) };
    const staged = [{ frameId: part.frameId, storedBytes: 10 }];
    const whole = { ...commit, effects: { state: { ...commit.effects.state!, staged } } };
    await open().stage(KEY, [part]);
    const collector = stalling(objects, (each) => each.startsWith(call));
    const collecting = collector.backend.collect(KEY, 0);
    await collector.stalled;
    const [outcome] = (await open().commit([whole])) as [CommitOutcome];
    collector.goOn();
    expect(await collecting).toBe(outcome.ok ? 0 : 1);
    expect(outcome.ok ? "applied" : outcome.refusal).toBe(call === "put" ? "applied" : "frames_missing");
    const [bytes] = await open().frames(KEY, staged);
    expect(bytes === null).toBe(!outcome.ok);
    if (outcome.ok) return;
    // Staged again under its name it may still be about to be deleted.
    await open().stage(KEY, [part]);
    expect((await open().commit([whole]))[0]).toMatchObject({ refusal: "frames_missing" });
  },
);

test("a bar outlives a deletion, and is gone once the version is past it", async () => {
  const { objects } = memoryStore();
  const store = memoryStore({ objects });
  const backend = objectBackend({ store });
  await land(backend, await saving(KEY, 0, "v1"));
  const lost = await saving(KEY, 1, noise(LARGE));
  const { ref, bytes } = lost.effects.state!.frame;
  await store.put(frameKey(KEY, ref.frameId), bytes);
  await backend.collect(KEY, 0);
  await land(backend, change(KEY, { remove: true }));
  const again = { ...lost, expect: { ...lost.expect, create: "anew" as const } };
  expect((await backend.commit([again]))[0]).toMatchObject({ refusal: "frames_missing" });
  for (const version of [1, 2])
    await land(backend, await saving(KEY, version, `v${version}`, { expect: { create: "anew" } }));
  expect((await readHead(store, KEY, {})).record!.barred).toEqual([]);
});

test("where there is no head, or a segment is lost, nothing goes that might be named", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  await backend.stage(KEY, [{ frameId: "1-aaaaaaaaaaaaaaaaaaaa.p1-a-aaaaaaa", bytes: noise(10) }]);
  expect(await backend.collect(KEY, 0)).toBe(0);
  expect(frames(store.objects).length).toBe(1);
  const ids = Array.from({ length: 300 }, (_, i) => `cp_${i}`);
  let head = await land(backend, await saving(KEY, 0, noise(LARGE)));
  const content = noise(LARGE);
  const grown = new Uint8Array([...content, ...noise(40_000, 5)]);
  head = await land(backend, await extending(KEY, head, content, grown));
  for (const checkpointId of ids) {
    const checkpoint = { checkpointId, label: null, metadata: null, reason: null };
    head = await land(backend, change(KEY, { checkpoint }));
  }
  for (let version = head.version; version < 30; version++)
    await land(backend, await saving(KEY, version, "x"));
  const segments = [...store.objects.keys()].filter((key) => key.startsWith("segments/"));
  expect(segments.length).toBeGreaterThan(0);
  const held = segments.map((name) => [name, store.objects.get(name)!] as const);
  const named = frames(store.objects).filter((name) => !name.includes(".p"));
  for (const name of segments) store.objects.delete(name);
  await backend.collect(KEY, 0);
  expect(frames(store.objects)).toEqual(expect.arrayContaining(named));
  for (const [name, object] of held) store.objects.set(name, object);
  await backend.collect(KEY, 0);
  expect(frames(store.objects)).toEqual(expect.arrayContaining(named));
  const record = (await backend.checkpoint(KEY, ids[0]!))!;
  expect(await backend.frames(KEY, linksOf(record.frame))).not.toContain(null);
});

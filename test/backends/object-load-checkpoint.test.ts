import { describe, expect, test } from "vitest";
import { change, snapshot } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { decodeContainer } from "../../src/backends/object/container.ts";
import { isObject } from "../../src/backends/object/frames.ts";
import type { HeadRecord } from "../../src/backends/object/record.ts";
import { encodeHead } from "../../src/backends/object/seal-draft.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import { newCheckpointId } from "../../src/model/ids.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { growing, KEY, land, sequential } from "./growing.ts";

const HEAD = "heads/t/p.q";
const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

/** By checkpoint id, the content. */
type Contents = Map<string, Uint8Array>;

/** Chains of which every version is a checkpoint. */
async function checkpointed(store: MemoryStore, chains: number, saves: number, bytes: number, first: number) {
  const backend = objectBackend({ store });
  const made: Contents = new Map();
  for (let from = 0; from < chains * saves; from += saves) {
    const grow = growing(backend, bytes, { checkpoints: true, from, first });
    for (let i = 0; i < saves; i++) {
      const { head, content } = await grow();
      made.set(head.lastCheckpoint!.checkpointId, content);
      await pause();
    }
  }
  return made;
}

async function headIn({ objects }: MemoryStore): Promise<HeadRecord> {
  return (await decodeContainer<HeadRecord>(objects.get(HEAD)!.bytes, {})).record;
}

/** Loads it as one who remembers nothing: the calls for it, and what it is. */
async function loaded(store: MemoryStore, id: string, content: Uint8Array) {
  let objects = 0;
  const done = await sequential(store, async (watched) => {
    const found = (await objectBackend({ store: watched }).loadCheckpoint!(KEY, id))!;
    expect(found.record.checkpointId).toBe(id);
    objects = linksOf(found.record.frame).filter(isObject).length;
    const decoded = await decodeFrame(KEY, found.record, found.frames);
    expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
  });
  return { ...done, objects };
}

describe.each([
  ["small frames", 3, 40, 2000, 300],
  ["small deltas upon large frames", 3, 30, 2000, 60_000],
  ["large frames", 2, 70, 34_000, 300],
  ["full frames", 60, 1, 1000, 300],
  ["large full frames", 140, 1, 1000, 40_000],
])("of %s", (_, chains, saves, bytes, first) => {
  test("a checkpoint is loaded in two sequential calls, with the objects of its own chain alone", async () => {
    const store = memoryStore();
    const made = await checkpointed(store, chains, saves, bytes, first);
    const { segments } = await headIn(store);
    expect(segments.reduce((sum, each) => sum + each.checkpoints, 0)).toBeGreaterThan(saves / 2);
    for (const [id, content] of [...made].filter((_, i) => i % 3 === 0)) {
      const { turns, calls, objects } = await loaded(store, id, content);
      expect(turns, calls.join()).toBeLessThanOrEqual(2);
      expect(calls.filter((call) => call.includes("frames/")).length).toBe(objects);
    }
  });
});

test.each([
  [1, 100, 2000, 300],
  [2, 70, 34_000, 300],
  [120, 1, 1000, 300],
])("of %i chains of %i frames of %i bytes the head says where they are in little", async (...shape) => {
  const store = memoryStore();
  await checkpointed(store, ...shape);
  const { record, frames } = await decodeContainer<HeadRecord>(store.objects.get(HEAD)!.bytes, {});
  const segments = record.segments.map(({ runs: _, ...ref }) => ref);
  const without = await encodeHead({ record: { ...record, segments }, frames });
  const whole = await encodeHead({ record, frames });
  const checkpoints = record.segments.reduce((sum, each) => sum + each.checkpoints, 0);
  expect(whole.bytes.length - without.bytes.length).toBeLessThan(16 * checkpoints);
});

test("where clocks differ, or segments do not say what they have, it is found all the same", async () => {
  const store = memoryStore();
  const backend = objectBackend({ store });
  const made: Contents = new Map();
  const grow = growing(backend, 2000);
  for (let i = 0; i < 60; i++) {
    const { content } = await grow();
    // Of two writers, one a minute behind.
    const behind = new Date(Date.now() - (i % 2) * 60_000).getTime();
    const checkpointId = newCheckpointId().replace(/^.{13}/, hexTime(behind));
    await land(backend, change(KEY, { checkpoint: snapshot(null, checkpointId) }));
    made.set(checkpointId, content);
  }
  expect((await headIn(store)).segments.length).toBeGreaterThan(3);
  for (const [id, content] of made) await loaded(store, id, content);
  await withoutRuns(store);
  for (const [id, content] of made) await loaded(store, id, content);
  expect(await backend.loadCheckpoint!(KEY, newCheckpointId())).toBe(null);
});

function hexTime(time: number): string {
  const hex = time.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** The head as an earlier release wrote it. */
async function withoutRuns(store: MemoryStore): Promise<void> {
  const held = store.objects.get(HEAD)!;
  const { record, frames } = await decodeContainer<HeadRecord>(held.bytes, {});
  const segments = record.segments.map(({ runs: _, ...ref }) => ref);
  const { bytes } = await encodeHead({ record: { ...record, segments }, frames });
  store.objects.set(HEAD, { ...held, bytes });
}

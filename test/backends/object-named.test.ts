import fc from "fast-check";
import { expect, test } from "vitest";
import { collect } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { decodeContainer } from "../../src/backends/object/container.ts";
import type { HeadRecord, SegmentRecord } from "../../src/backends/object/record.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import { type MemoryStore, memoryStore, timeless } from "../support/memory-store.ts";
import { commitOf, type Step, step } from "../support/random-commits.ts";

const RUNS = Number(process.env.CAIRN_OBJECT_RUNS ?? 25);
const SEED = Number(process.env.CAIRN_OBJECT_SEED ?? Date.now() % 2 ** 31);
const KEY = { tenant: "t", pipelineId: "p" };

/** Grows a chain three times as often as the steps do by themselves. */
const steps = fc.array(
  fc.tuple(step, fc.nat(2)).map(([drawn, grows]): Step => {
    const { state } = drawn.effects;
    const delta = state && { ...state, delta: grows > 0, bytes: grows > 0 ? state.bytes * 8 : state.bytes };
    return { ...drawn, again: null, effects: { ...drawn.effects, state: delta } };
  }),
  { minLength: 40, maxLength: 160, size: "max" },
);

test(`${RUNS} sequences of commits, seed ${SEED}: all that a record names is there, and little else`, async () => {
  let spilled = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (drawn) => {
      const store = memoryStore();
      const now = { at: Date.parse("2026-11-23T08:00:00Z") };
      const backend = objectBackend({ store: timeless(store, () => now.at), now: () => now.at });
      const checkpoints = () => collect((page) => backend.checkpoints(KEY, { limit: 50, ...page }));
      let head: Head | null = null;
      for (const [serial, each] of drawn.entries()) {
        now.at += 1000;
        const ids = (await checkpoints()).map(({ checkpointId }) => checkpointId);
        const commit = commitOf(each, { key: KEY, head, checkpoints: ids.slice(0, 10), serial });
        head = (await backend.commit([commit]))[0]!.head ?? head;
        // A reader that remembers nothing.
        if (serial % 20 !== 19 && serial < drawn.length - 1) continue;
        if (serial % 40 === 39) await backend.collect(KEY, 0);
        const fresh = objectBackend({ store });
        const states = head ? [...(head.state ? [head.state] : []), ...head.history] : [];
        const named = [...states, ...(await checkpoints())].map(({ frame }) => frame);
        for (const frame of named) {
          const lengths = (await fresh.frames(KEY, linksOf(frame))).map((bytes) => bytes?.length);
          expect(lengths).toEqual(linksOf(frame).map(({ storedBytes }) => storedBytes));
        }
        for (const record of await checkpoints()) {
          const loaded = (await fresh.loadCheckpoint!(KEY, record.checkpointId))!;
          expect(loaded.record).toEqual(record);
          const lengths = loaded.frames.map((bytes) => bytes?.length);
          expect(lengths).toEqual(linksOf(record.frame).map(({ storedBytes }) => storedBytes));
        }
        spilled += await onlyNamed(store, new Set(named.map(chainOf)));
      }
    }),
    // To make a failure small takes minutes: its seed says enough.
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  expect(spilled).toBeGreaterThan(RUNS / 5);
}, 120_000);

/** How many segments there are. What is there and not named is known to be garbage. */
async function onlyNamed({ objects }: MemoryStore, chains: ReadonlySet<string>): Promise<number> {
  const held = objects.get("heads/t/p");
  if (!held) return 0;
  const { record, frames } = await decodeContainer<HeadRecord>(held.bytes, {});
  for (const frameId of frames.keys()) expect(chains).toContain(chainOf({ frameId }));
  for (const chain of record.objects) expect(chains).toContain(chain);
  const names = new Set(record.segments.map(({ name }) => `segments/t/p/${name}`));
  for (const { name, ...ref } of record.segments) {
    const segment = await decodeContainer<SegmentRecord>(objects.get(`segments/t/p/${name}`)!.bytes, {});
    const { checkpoints, events } = segment.record;
    expect(ref).toMatchObject({ checkpoints: checkpoints.length, events: events.length });
    expect(ref.checkpoints + ref.events + ref.chains.length).toBeGreaterThan(0);
    for (const chain of ref.chains) expect(chains).toContain(chain);
  }
  for (const name of objects.keys()) {
    if (/^(heads|due)\//.test(name)) continue;
    const used = names.has(name) || record.objects.some((chain) => name.startsWith(`frames/t/p/${chain}.`));
    expect(used || record.garbage.some((each) => name.startsWith(each)), name).toBe(true);
  }
  return record.segments.length;
}

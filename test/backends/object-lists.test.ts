import { expect, test } from "vitest";
import { change, saving, snapshot } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { memoryStore } from "../support/memory-store.ts";

const KEY = { tenant: "acme", pipelineId: "nightly" };

/** A pipeline with so many checkpoints that most are in segments, and a reader that is slow to get those. */
async function scene() {
  const one = memoryStore();
  const { objects } = one;
  const writer = objectBackend({ store: one });
  await writer.commit([await saving(KEY, 0, "v1")]);
  const drafts = Array.from({ length: 400 }, () => snapshot());
  await writer.commit(drafts.map((checkpoint) => change(KEY, { checkpoint })));
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const store = memoryStore({ objects });
  const get = async (name: string) => {
    if (name.startsWith("segments/")) {
      reached.resolve();
      await released.promise;
    }
    return store.get(name);
  };
  const slow = objectBackend({ store: { ...store, get } });
  const drop = (id: string) => writer.commit([change(KEY, { checkpoints: new Map([[id, "drop"]]) })]);
  return { objects, writer, slow, drafts, drop, reached: reached.promise, release: released.resolve };
}

test("a reader that is overtaken by many writers finds what is there, and all of it", async () => {
  const { slow, drafts, drop, reached, release } = await scene();
  const kept = drafts[0]!.checkpointId;
  const found = slow.checkpoint(KEY, kept);
  const list = slow.checkpoints(KEY, { limit: 400 });
  await reached;
  for (const { checkpointId } of drafts.slice(1, 41)) await drop(checkpointId);
  release();
  expect((await found)?.checkpointId).toBe(kept);
  expect((await list).data).toHaveLength(360);
});

test("a first page is read without the segments that it does not need", async () => {
  const { slow } = await scene();
  // The reader of the segments is never released.
  expect((await slow.checkpoints(KEY, { limit: 5 })).data).toHaveLength(5);
});

test("a segment that is lost costs what it held, no more", async () => {
  const { objects, writer, drafts } = await scene();
  const oldest = [...objects.keys()].filter((name) => name.startsWith("segments/")).sort()[0]!;
  objects.delete(oldest);
  expect((await writer.checkpoint(KEY, drafts.at(-1)!.checkpointId))?.sequence).toBe(400);
  const { data } = await writer.checkpoints(KEY, { limit: 400 });
  expect(data.length).toBeGreaterThan(0);
  expect(data.length).toBeLessThan(400);
});

import { expect, test, vi } from "vitest";
import { change, saving, snapshot } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { memoryStore, timeless } from "../support/memory-store.ts";

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

const flip = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 90 ? byte ^ 1 : byte));

test.each(["lost", "damaged"])("a segment that is %s costs what it held, no more", async (how) => {
  const { objects, writer, drafts, drop } = await scene();
  const oldest = [...objects.keys()].filter((name) => name.startsWith("segments/")).sort()[0]!;
  const { bytes } = objects.get(oldest)!;
  if (how === "lost") objects.delete(oldest);
  else objects.set(oldest, { bytes: flip(bytes), etag: "damaged" });
  expect((await writer.checkpoint(KEY, drafts.at(-1)!.checkpointId))?.sequence).toBe(400);
  const { data } = await writer.checkpoints(KEY, { limit: 400 });
  expect(data.length).toBeGreaterThan(0);
  expect(data.length).toBeLessThan(400);
  expect(await writer.checkpoint(KEY, drafts[0]!.checkpointId)).toBeNull();
  const log = vi.spyOn(console, "error").mockReturnValue();
  expect((await drop(drafts.at(-1)!.checkpointId))[0]).toMatchObject({ ok: true });
  expect(log.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
    { level: "error", event: "lost_segments", ...KEY, gone: 1 },
  ]);
  log.mockRestore();
  // What is lost stays named, so that it is known; should it come back, so do its checkpoints.
  objects.set(oldest, { bytes, etag: "back" });
  expect((await writer.checkpoints(KEY, { limit: 400 })).data).toHaveLength(399);
  const removed = await writer.commit([change(KEY, { remove: true })]);
  expect(removed[0]).toMatchObject({ ok: true });
});

test("a head that cannot be read hides no other from lists and sweeps, and is reported", async () => {
  const one = memoryStore();
  let now = Date.parse("2026-11-23T08:00:00Z");
  const backend = objectBackend({ store: timeless(one), now: () => now });
  const ids = ["a", "b", "c"];
  for (const pipelineId of ids) {
    await backend.commit([await saving({ ...KEY, pipelineId }, 0, "v1")]);
    const lease = { take: { owner: "o", ttlSeconds: 1 } };
    await backend.commit([change({ ...KEY, pipelineId }, { lease })]);
  }
  const held = one.objects.get("heads/acme/b")!;
  const later = new TextEncoder().encode(
    new TextDecoder("latin1").decode(held.bytes).replace("cairn 1", "cairn 2"),
  );
  for (const bytes of [flip(held.bytes), later]) {
    one.objects.set("heads/acme/b", { bytes, etag: "other" });
    now += 120_000;
    const log = vi.spyOn(console, "error").mockReturnValue();
    const fresh = objectBackend({ store: timeless(one), now: () => now });
    expect((await fresh.due(10)).map(({ key }) => key.pipelineId).sort()).toEqual(["a", "c"]);
    const { data } = await fresh.pipelines("acme", {}, { limit: 2 });
    expect(data.map(({ pipelineId }) => pipelineId)).toEqual(["a", "c"]);
    expect(log).toHaveBeenCalledTimes(2);
    log.mockRestore();
  }
  one.objects.set("heads/acme/b", held);
  now += 120_000;
  expect((await backend.due(10)).map(({ key }) => key.pipelineId).sort()).toEqual(ids);
});

import { expect, test } from "vitest";
import { noise } from "../../../src/backends/contract/support.ts";
import { memoryBackend } from "../../../src/backends/memory.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { sha256Hex } from "../../../src/frames/digest.ts";
import { CairnError } from "../../../src/model/errors.ts";
import { countsOf } from "../../../src/monitoring/counts.ts";
import type { DrillOptions } from "../../../src/recovery/drill/drill.ts";
import { sweep } from "../../../src/recovery/sweep/sweep.ts";
import { createCheckpoint, deleteCheckpoint } from "../../../src/state/checkpoints.ts";
import { createCore, metricsKey } from "../../../src/state/core.ts";
import { saveDelta } from "../../../src/state/delta.ts";
import { OPERATOR, readNote, writeNote } from "../../../src/state/operator.ts";
import { deletePipeline } from "../../../src/state/pipelines.ts";
import { saveState } from "../../../src/state/save.ts";
import { service } from "../sweep/bench.ts";

const TENANTS = ["acme"];

/** A service with pipelines of so many checkpoints each, that says of each frame that it is read. */
async function filled(...counts: number[]) {
  const read: string[] = [];
  const s = service((now) => {
    const inner = memoryBackend({ now });
    const frames: StorageBackend["frames"] = (key, links) => {
      if (key.tenant !== OPERATOR) read.push(`${key.pipelineId}/${links.at(-1)!.frameId}`);
      return inner.frames(key, links);
    };
    return { ...inner, frames };
  });
  for (const [i, count] of counts.entries()) {
    const id = `p-${i}`;
    await s.save(id, `state of ${id}`);
    for (let c = 0; c < count; c++) await checkpoint(s, id, `data ${c}`);
  }
  const drill = (options: Partial<DrillOptions> = {}) =>
    s.sweep({ drill: { tenants: TENANTS, checkpoints: 4, ...options } });
  return { ...s, read, drill };
}

function checkpoint({ core, key }: ReturnType<typeof service>, id: string, text: string) {
  const data = { content: new TextEncoder().encode(text), contentType: "text/plain" };
  return createCheckpoint(core, key(id), { caller: {}, data });
}

test("each checkpoint is read once in a pass, so many a sweep, and the next pass waits for its day", async () => {
  const s = await filled(3, 0, 7, 1);
  const each: number[] = [];
  for (let i = 0; i < 5; i++) each.push((await s.drill()).drilled);
  expect(each).toEqual([4, 4, 3, 0, 0]);
  expect(new Set(s.read).size).toBe(11);
  expect(s.read).toHaveLength(11);
  s.pass(86_401);
  expect(await s.drill({ checkpoints: 100, calls: 100 })).toMatchObject({ drilled: 11, held: 11 });
});

test("what nobody has read comes first, and is verified then", async () => {
  const s = await filled(0);
  const texts = [1, 2, 3].map((step) => `${noise(3000)}step ${step}`);
  const bytes = (text: string) => new TextEncoder().encode(text);
  await saveState(s.core, s.key("p-0"), {
    ...{ content: bytes(texts[0]!), contentType: "text/plain" },
    ...{ caller: {}, checkpoint: "always" },
  });
  for (const [i, text] of texts.slice(1).entries())
    await saveDelta(s.core, s.key("p-0"), {
      ...{ delta: encodeDelta(bytes(texts[i]!), bytes(text)), sha256: await sha256Hex(text), maxBytes: 1e6 },
      ...{ caller: {}, checkpoint: "always", precondition: { versions: [i + 2] } },
    });
  const marks = async () =>
    (await s.backend.checkpoints(s.key("p-0"), { limit: 9 })).data.map(({ verified }) => verified);
  expect(await marks()).toEqual([false, false, true]);
  const swept = async () => (await s.drill({ checkpoints: 1 })).held;
  expect([await swept(), await marks()]).toEqual([1, [false, true, true]]);
  expect([await swept(), await marks()]).toEqual([1, [true, true, true]]);
  expect([await swept(), await swept()]).toEqual([1, 0]);
});

test("nothing becomes due, and no lease is touched", async () => {
  const s = await filled(2);
  const { fence } = await s.lease("p-0", 3600);
  const before = await s.head("p-0");
  expect(await s.drill()).toMatchObject({ due: 0, drilled: 2 });
  expect(await s.head("p-0")).toEqual(before);
  expect(fence).toBe(before.fence);
  s.pass(100);
  expect(await s.sweep()).toMatchObject({ due: 0 });
});

test("a sweep takes no more calls than it was given, and still gets through everything", async () => {
  const s = await filled(5, 5, 5);
  let drilled = 0;
  for (let i = 0; i < 20; i++) {
    const swept = await s.drill({ calls: 8 });
    expect(swept.calls - 1).toBeLessThanOrEqual(9);
    drilled += swept.drilled;
  }
  expect(drilled).toBe(15);
  expect(new Set(s.read).size).toBe(15);
});

test("bytes bound a sweep; what alone is more is passed over", async () => {
  const s = await filled(3);
  await checkpoint(s, "p-0", "x".repeat(1000));
  const each: number[] = [];
  for (let i = 0; i < 4; i++) each.push((await s.drill({ bytes: 13 })).drilled);
  expect(each).toEqual([2, 1, 0, 0]);
});

test("of sweeps that overlap, each checkpoint is read by one", async () => {
  const s = await filled(8, 8);
  for (let round = 0; round < 40; round++) await Promise.all([s.drill(), s.drill(), s.drill()]);
  expect(s.read).toHaveLength(16);
  const { drilled } = countsOf(await s.backend.sums(metricsKey("acme")));
  expect(Object.fromEntries(drilled)).toEqual({ held: 16, damaged: 0 });
});

test("what is deleted while it is read is no damage", async () => {
  const s = await filled(0);
  const { checkpoint: made } = await checkpoint(s, "p-0", "soon gone");
  const racing: StorageBackend = {
    ...s.backend,
    async frames(key, links) {
      await deleteCheckpoint(s.core, s.key("p-0"), made.checkpointId, {}).catch(() => {});
      return s.backend.frames(key, links);
    },
  };
  const core = createCore({ backend: racing });
  const drill = { tenants: TENANTS };
  expect(await sweep(core, { now: s.now, drill })).toMatchObject({ drilled: 0, held: 0 });
  expect(await s.events("p-0")).not.toContain("quarantined");
});

test("a store that fails ends the drill, not the sweep; a damaged note begins a new pass", async () => {
  const s = await filled(2);
  const broken: StorageBackend = {
    ...s.backend,
    frames: () => Promise.reject(new CairnError("backend_unavailable", "The store is away.")),
  };
  const drill = { tenants: TENANTS, checkpoints: 1 };
  expect(await sweep(createCore({ backend: broken }), { now: s.now, drill })).toMatchObject({ drilled: 0 });
  const { value, version } = await readNote<object>(s.core, "drill");
  expect(value).toMatchObject({ tenant: "acme", at: { pipelineId: "p-0", taken: [1] } });
  await deletePipeline(s.core, { tenant: OPERATOR, pipelineId: "drill" }, {});
  expect(await s.drill()).toMatchObject({ drilled: 2, held: 2 });
  expect(await writeNote(s.core, "drill", version, {})).toBe(false);
});

test("a pipeline that is gone, and a tenant that has no key any more, hold nothing up", async () => {
  const s = await filled(6, 2);
  expect(await s.drill()).toMatchObject({ drilled: 4 });
  await deletePipeline(s.core, s.key("p-0"), {});
  expect(await s.drill()).toMatchObject({ drilled: 2 });
  s.pass(86_401);
  expect(await s.drill({ checkpoints: 1 })).toMatchObject({ drilled: 1 });
  expect(await s.drill({ tenants: ["other"] })).toMatchObject({ drilled: 0 });
});

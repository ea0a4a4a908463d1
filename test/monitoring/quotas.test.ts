import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { CairnError } from "../../src/model/errors.ts";
import { factsOf } from "../../src/monitoring/facts.ts";
import { countUsage } from "../../src/monitoring/usage.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { type Caller, type Core, createCore } from "../../src/state/core.ts";
import { deletePipeline } from "../../src/state/pipelines.ts";
import type { Quota } from "../../src/state/quota-rules.ts";
import { type Quotas, quotas } from "../../src/state/quotas.ts";
import { saveState } from "../../src/state/save.ts";

const TENANT = "acme";
const ANY = Number.POSITIVE_INFINITY;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** A function with a quota for one tenant, and what is done through it. */
function limited(
  quota: Partial<Quota>,
  backend: StorageBackend = memoryBackend(),
  made: Quotas = quotas(new Map([[TENANT, { bytes: ANY, pipelines: ANY, ...quota }]])),
) {
  const core: Core = createCore({ backend, quotas: made });
  const key = (pipelineId: string) => ({ tenant: TENANT, pipelineId });
  let seed = 0;
  return {
    core,
    save: (id: string, bytes: number, caller: Caller = {}, content = noise(bytes, ++seed)) =>
      saveState(core, key(id), {
        ...{ content, contentType: "application/octet-stream", checkpoint: "never", caller },
      }),
    checkpoint: (id: string, bytes?: number) => {
      const data = bytes && { content: noise(bytes, ++seed), contentType: "application/octet-stream" };
      return createCheckpoint(core, key(id), { caller: {}, ...(data && { data }) });
    },
    delete: (id: string) => deletePipeline(core, key(id), {}),
    /** As the sweep does, whenever it may. */
    async count() {
      vi.setSystemTime(Date.now() + 301_000);
      await countUsage(core, made);
    },
    used: () => made.usage(core, TENANT),
    facts: () => factsOf(core, TENANT),
  };
}

const full = { code: "quota_exceeded", status: 507 };

test("a pipeline that is saved again and again takes its room once", async () => {
  const one = limited({ bytes: 40_000 });
  for (let i = 0; i < 30; i++) await one.save("p", 10_000);
  await expect(one.save("q", 25_000)).rejects.toMatchObject(full);
  await one.save("q", 15_000);
});

test("saves that are on their way together do not go over together", async () => {
  const one = limited({ bytes: 55_000, pipelines: 4 });
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const bytes = await Promise.allSettled(ids.map((id) => one.save(id, 10_000)));
  expect(bytes.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  expect((await one.facts()).byStatus.running).toBe(4);
});

test("what landed is answered as it was, though the tenant is full since", async () => {
  const one = limited({ bytes: 25_000 });
  const again = () => one.save("p", 20_000, { idempotencyKey: "key" }, noise(20_000, 99));
  expect(await again()).toMatchObject({ replayed: false });
  await expect(one.save("p", 20_000)).rejects.toMatchObject(full);
  expect(await again()).toMatchObject({ replayed: true, result: { version: 1 } });
});

test("a pipeline that was refused goes on by one call as soon as there is room", async () => {
  const calls: string[] = [];
  const inner = memoryBackend();
  const counted = new Proxy(inner, {
    get(_, name) {
      calls.push(String(name));
      return Reflect.get(inner, name);
    },
  });
  const one = limited({ bytes: 50_000 }, counted);
  await one.save("other", 20_000);
  await one.save("p", 20_000);
  calls.length = 0;
  await one.save("p", 5000);
  expect(calls.filter((name) => name !== "capabilities")).toEqual(["commit"]);
  await expect(one.save("p", 20_000)).rejects.toMatchObject(full);
  await one.delete("other");
  await one.save("p", 20_000);
});

test("what others added and freed is known after the next count", async () => {
  const backend = memoryBackend();
  const [here, there] = [limited({ bytes: 50_000 }, backend), limited({ bytes: 50_000 }, backend)];
  await there.save("first", 1000);
  await here.save("p", 40_000);
  await here.count();
  vi.setSystemTime(Date.now() + 61_000);
  // This one finds out, beside its commit, that it was too much.
  await there.save("q", 20_000);
  await expect(there.save("r", 1000)).rejects.toMatchObject(full);
  await here.delete("p");
  await here.count();
  vi.setSystemTime(Date.now() + 6000);
  await there.save("r", 1000);
});

test("a store that does not tell the count lets everybody go on by what is known", async () => {
  const inner = memoryBackend();
  const load: StorageBackend["load"] = (key, options) =>
    key.tenant === TENANT
      ? inner.load(key, options)
      : Promise.reject(new CairnError("backend_unavailable", "away"));
  const one = limited({ bytes: 30_000 }, { ...inner, load });
  await one.save("p", 20_000);
  await expect(one.save("q", 20_000)).rejects.toMatchObject(full);
});

test("a count of many pipelines goes on where the last sweep left it", async () => {
  const one = limited({ pipelines: 1000 });
  for (let i = 0; i < 120; i++) await one.save(`p-${i}`, 100);
  const made = quotas(new Map([[TENANT, { bytes: ANY, pipelines: 1000 }]]));
  const budget = { calls: 53, seconds: 5 };
  const known: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    await countUsage(one.core, made, Date.now, budget);
    known.push((await made.usage(one.core, TENANT))?.pipelines);
  }
  expect(known).toEqual([undefined, undefined, 120]);
});

describe("random steps of one function", () => {
  /** The most that was ever stored, and what each count found beside what was there. */
  async function run(made?: Quotas) {
    const one = limited({ bytes: 100_000, pipelines: 10 }, memoryBackend(), made);
    const seen = { most: 0, pipelines: 0, refused: 0, counts: [] as unknown[][] };
    const lives = Array.from({ length: 16 }, () => 0);
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let step = 0; step < 400; step++) {
      const place = random(lives.length);
      const id = `p-${place}-${lives[place]}`;
      const bytes = 500 + random(12_000);
      const remove = async () => {
        await one.delete(id);
        lives[place]!++;
      };
      const act = [
        ...[0, 1, 2, 3].map(() => () => one.save(id, bytes)),
        ...[() => one.checkpoint(id), () => one.checkpoint(id, bytes), remove],
      ][random(7)]!;
      await act().catch(({ code }) => {
        if (code === "quota_exceeded") seen.refused++;
      });
      if (step % 40 === 39) {
        await one.count();
        const { bytes, byStatus } = await one.facts();
        seen.counts.push([await one.used(), { bytes, pipelines: byStatus.running }]);
      }
      const facts = await one.facts();
      seen.most = Math.max(seen.most, facts.bytes);
      seen.pipelines = Math.max(seen.pipelines, facts.byStatus.running);
    }
    return seen;
  }

  test("never go over, and each count is of what is there", async () => {
    const { most, pipelines, refused, counts } = await run();
    expect(most).toBeLessThanOrEqual(100_000);
    expect(most).toBeGreaterThan(80_000);
    expect(pipelines).toBe(10);
    expect(refused).toBeGreaterThan(20);
    for (const [counted, there] of counts) expect(counted).toEqual(there);
  });

  test("control: who forgets what it added itself goes over", async () => {
    const made = quotas(new Map([[TENANT, { bytes: 100_000, pipelines: 10 }]]));
    const { most, pipelines } = await run({ ...made, landed: () => {} });
    expect(most).toBeGreaterThan(100_000);
    expect(pipelines).toBeGreaterThan(10);
  });
});

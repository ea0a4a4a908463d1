import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StorageBackend } from "../../src/backends/types.ts";
import { taskSecondsOf } from "../../src/checkpointing/profile.ts";
import { createCore } from "../../src/state/core.ts";
import { learnSave } from "../../src/state/learning.ts";
import { updatePipeline } from "../../src/state/pipelines.ts";
import { learnedOf, resetProfile } from "../../src/state/profiles.ts";
import { resume } from "../../src/state/resume.ts";
import { saveState } from "../../src/state/save.ts";
import { serviceInTime } from "../recovery/sweep/bench.ts";

function stage() {
  const s = serviceInTime();
  const learned = (kind = "default") => learnedOf(s.core, "acme", kind);
  const resumed = (id: string, owner = "w") => resume(s.core, s.key(id), { owner, ttlSeconds: 30 });
  return { ...s, learned, resumed };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("the hazard of a kind", () => {
  test("is learned from machines that died, once each, up to their last sign of life", async () => {
    const s = stage();
    await s.save("a");
    await s.resumed("a");
    s.pass(20);
    await s.save("a", "on", 1);
    s.pass(31);
    await Promise.all([s.sweep(), s.sweep()]);
    expect(await s.learned()).toMatchObject({ failures: 1, uptimeSeconds: 20 });
    s.pass(100);
    await s.resumed("a");
    s.pass(5);
    await s.save("a", "on", 3);
    s.pass(31);
    // No sweep came: who takes it over sees it as well, and the sweep not again.
    await s.resumed("a", "other");
    await s.sweep();
    expect(await s.learned()).toMatchObject({ failures: 2, uptimeSeconds: 25 });
  });

  test("is not learned from pipelines that end by themselves, well or not; their machines lived so long at least", async () => {
    const s = stage();
    for (const [id, status] of [
      ["a", "completed"],
      ["b", "failed"],
      ["c", "cancelled"],
    ] as const) {
      await s.save(id);
      s.pass(100);
      await updatePipeline(s.core, s.key(id), { status }, { idempotencyKey: id });
      await updatePipeline(s.core, s.key(id), { status }, { idempotencyKey: id });
    }
    expect(await s.learned()).toMatchObject({ failures: 0, uptimeSeconds: 300 });
  });

  test("is not learned from one that dies again and again at the same place", async () => {
    const s = stage();
    await s.save("a");
    for (let time = 0; time < 6; time++) {
      await s.resumed("a", `w${time}`);
      s.pass(31);
      await s.sweep();
    }
    expect((await s.learned()).failures).toBe(3);
  });

  test("is that of the kind, and of the tenant", async () => {
    const s = stage();
    await s.put("a", { kind: "etl" });
    await s.save("a");
    await s.resumed("a");
    s.pass(31);
    await s.sweep();
    expect((await s.learned("etl")).failures).toBe(1);
    expect((await s.learned()).failures).toBe(0);
    expect((await learnedOf(s.core, "other", "etl")).failures).toBe(0);
  });
});

test("the durations of tasks and the costs of saves are learned, a save sent again only once", async () => {
  const s = stage();
  const content = new Uint8Array(1000);
  const input = {
    content,
    contentType: "a/b",
    checkpoint: "never" as const,
    caller: { idempotencyKey: "k" },
  };
  const situation = { task: { name: "train", seconds: 90 } };
  const earlier = [{ name: "clean", seconds: 30 }, { name: "b" }];
  for (let time = 0; time < 2; time++) await saveState(s.core, s.key("a"), { ...input, situation, earlier });
  await resume(s.core, s.key("a"), { owner: "w", ttlSeconds: 30 });
  const { saves, saveSeconds, recoveries, sums } = await s.learned();
  expect([saves, saveSeconds, recoveries]).toEqual([1, 0, 1]);
  expect(["train", "clean", "b"].map((name) => taskSecondsOf(sums, name))).toEqual([90, 30, undefined]);
});

test("a reset forgets all of a kind, and nothing of another", async () => {
  const s = stage();
  await s.put("b", { kind: "other" });
  for (const id of ["a", "b"]) await s.save(id);
  await resetProfile(s.core, "acme", "default");
  expect((await s.learned()).saves).toBe(0);
  expect((await s.learned("other")).saves).toBe(1);
});

/** A mistake to be caught: reads, adds, and writes back what it makes. */
function readThenWrite(backend: StorageBackend): Pick<StorageBackend, "add"> {
  return {
    async add(key, increments) {
      const sums = await backend.sums(key);
      for (const [name, value] of Object.entries(increments)) sums[name] = (sums[name] ?? 0) + value;
      await backend.clearSums(key);
      await backend.add(key, sums);
    },
  };
}

test.each([
  ["20 functions that learn at once lose no count", false],
  ["(control: read, then write, loses some)", true],
])("%s", async (_, planted) => {
  const s = stage();
  const backend = planted ? { ...s.backend, ...readThenWrite(s.backend) } : s.backend;
  const functions = Array.from({ length: 20 }, () => createCore({ backend }));
  await Promise.all(
    functions.map(async (core) => {
      for (let i = 0; i < 50; i++) {
        const facts = { bytes: 1_000_000, seconds: 2, tasks: [{ name: "t", seconds: 3 }] };
        learnSave(core, s.key("a"), { kind: "default" }, facts);
        if (i % 10 === 9) await core.tally.flush();
      }
    }),
  );
  const { saves, saveSeconds, sums } = await s.learned();
  const all = saves === 1000 && saveSeconds === 2 && taskSecondsOf(sums, "t") === 3 && sums.cb === 1000;
  expect(all).toBe(!planted);
});

describe("the tally", () => {
  test("drops what the store did not take, says how much, and decisions go on", async () => {
    const s = stage();
    const backend = { ...s.backend };
    const core = createCore({ backend });
    backend.add = () => Promise.reject(new Error("down"));
    backend.sums = () => Promise.reject(new Error("down"));
    learnSave(core, s.key("a"), { kind: "default" }, { bytes: 1, seconds: 1, tasks: [] });
    await core.tally.flush();
    expect(core.tally.dropped).toBe(1);
    expect((await core.kinds.known("acme", "default")).profile).toEqual({});
  });

  test("is one's to flush: another gets it when that one may have died", () => {
    const s = stage();
    expect(s.core.tally.claim()).toBe(false);
    s.core.tally.count({ tenant: "acme", scope: "x" }, { a: 1 });
    expect([s.core.tally.claim(), s.core.tally.claim()]).toEqual([true, false]);
    s.pass(16);
    expect(s.core.tally.claim()).toBe(true);
  });
});

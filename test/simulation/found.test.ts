import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { Effects, StorageBackend } from "../../src/backends/types.ts";
import { seal } from "../../src/frames/digest.ts";
import { encodeFrame } from "../../src/frames/frame.ts";
import { CairnError, OutcomeUnknown } from "../../src/model/errors.ts";
import { claim } from "../../src/recovery/claims.ts";
import { sweep } from "../../src/recovery/sweep/sweep.ts";
import { createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { resume } from "../../src/state/resume.ts";
import { type SaveInput, saveState } from "../../src/state/save.ts";

const START = Date.parse("2026-11-23T08:00:00Z");
const KEY = { tenant: "acme", pipelineId: "nightly" };

function input(text: string, caller: { fence?: number }): SaveInput {
  const content = new TextEncoder().encode(text);
  return { content, contentType: "text/plain", caller, checkpoint: "never" };
}

function service(wrap: (store: StorageBackend) => StorageBackend = (store) => store) {
  const clock = { now: START };
  const store = memoryBackend({ now: () => clock.now });
  const core = createCore({ backend: wrap(store) });
  const save = (text: string, { key = KEY, ...caller }: { key?: typeof KEY; fence?: number } = {}) =>
    saveState(core, key, input(text, caller));
  const apply = async (effects: Effects, key = KEY) => {
    const head = (await store.load(key))!.head;
    const expect = { create: "never" as const, fence: head.fence, version: head.version };
    return store.commit([{ key, writeId: crypto.randomUUID(), digest: "", expect, effects }]);
  };
  const headOf = async (key = KEY) => (await store.load(key))!.head;
  return { clock, store, core, save, apply, headOf };
}

/** What seeds have shown, each as small as it can be. */
describe("found by simulation", () => {
  test("a function whose clock is fast does not interrupt who is alive, but only due for something else", async () => {
    const s = service();
    await s.save("one");
    const { lease } = await acquireLease(s.core, KEY, { owner: "worker", ttlSeconds: 600 });
    await s.apply({ lookAt: new Date(START).toISOString() });
    await sweep(s.core, { now: () => s.clock.now + 3_600_000 });
    expect(await s.headOf()).toMatchObject({ status: "running", fence: lease.fence, lookAt: null });
  });

  test("a function whose clock is slow interrupts whose lease ran out all the same", async () => {
    const s = service();
    await s.save("one");
    await acquireLease(s.core, KEY, { owner: "worker", ttlSeconds: 60 });
    s.clock.now += 61_000;
    await sweep(s.core, { now: () => s.clock.now - 3_600_000 });
    expect((await s.headOf()).status).toBe("interrupted");
  });

  test("after one unknown outcome a store that is away leaves the outcome unknown", async () => {
    const errors = [new OutcomeUnknown("no answer"), new CairnError("backend_unavailable", "away")];
    const s = service((store) => ({ ...store, commit: (commits) => failing(errors, store, commits) }));
    await expect(s.save("one")).rejects.toMatchObject({ code: "outcome_unknown" });
    await expect(s.save("two")).resolves.toMatchObject({ result: { version: 1 } });
  });

  test("a resume that another with its key came before never answers a later state as its version's", async () => {
    const asked = { owner: "worker", ttlSeconds: 60, idempotencyKey: "once" };
    let loads = 0;
    const s = service((store) => ({
      ...store,
      async load(key, options) {
        // Between its look for a replay and the state that it reads.
        if (++loads === 3) {
          const { fence } = await resume(createCore({ backend: store }), KEY, asked);
          const other = createCore({ backend: store });
          await saveState(other, KEY, input("two", { fence }));
        }
        return store.load(key, options);
      },
      async commit(commits) {
        const outcomes = await store.commit(commits);
        if (commits[0]!.writeId === "once") throw new OutcomeUnknown("no answer");
        return outcomes;
      },
    }));
    await s.save("one");
    const resumed = await resume(s.core, KEY, asked);
    expect(resumed).toMatchObject({ fence: 1, version: 1, point: null });
  });

  test("a pipeline of a later release does not keep the others from being claimed", async () => {
    const s = service();
    const later = { tenant: "acme", pipelineId: "later" };
    for (const key of [KEY, later]) await s.save("one", { key });
    await s.apply({ state: await stateOfLaterRelease(later, 2) }, later);
    for (const key of [KEY, later]) await s.apply({ status: "interrupted" }, key);
    const claimed = await claim(s.core, "acme", { owner: "worker", ttlSeconds: 60, limit: 2 });
    expect(claimed.map(({ pipelineId }) => pipelineId)).toEqual(["nightly"]);
    expect((await s.headOf(later)).status).toBe("interrupted");
  });
});

async function failing(
  errors: Error[],
  store: StorageBackend,
  commits: Parameters<StorageBackend["commit"]>[0],
): ReturnType<StorageBackend["commit"]> {
  const error = errors.shift();
  if (error) throw error;
  return store.commit(commits);
}

async function stateOfLaterRelease(key: typeof KEY, version: number): Promise<NonNullable<Effects["state"]>> {
  const content = new TextEncoder().encode("later");
  const { contentSha256: sha256, ...frame } = await encodeFrame(key, version, "later", content);
  const codec = "zstd";
  const ref = { ...frame.ref, codec, seal: await seal(key, version, codec, sha256) };
  const facts = { contentType: "text/plain", bytes: content.length, sha256, verified: true };
  return { ...facts, restoredFrom: null, frame: { ref, bytes: frame.bytes } };
}

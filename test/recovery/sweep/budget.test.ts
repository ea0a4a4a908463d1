import { expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { meter } from "../../../src/recovery/sweep/budget.ts";

const KEY = { tenant: "acme", pipelineId: "p-1" };

test("every call of the store counts, one that it need not have as well; closing it does not", async () => {
  const store: StorageBackend = { ...memoryBackend(), loadCheckpoint: async () => null };
  const metered = meter(store, { calls: 5 }, () => 0);
  const { backend } = metered;
  expect(backend.capabilities).toBe(store.capabilities);
  await backend.load(KEY);
  await backend.loadCheckpoint?.(KEY, "c-1");
  await backend.collect(KEY, 0);
  // As those take it who leave a method of it out.
  await { ...backend }.commit([]);
  expect([metered.calls, metered.left()]).toEqual([4, 1]);
  await backend.close();
  expect(metered.calls).toBe(4);
});

test("a store whose methods need it to be theirs can be metered", async () => {
  class Store {
    #heads = 3;
    async load() {
      return this.#heads;
    }
  }
  const { backend } = meter(new Store() as unknown as StorageBackend, {}, () => 0);
  expect(await backend.load(KEY)).toBe(3);
});

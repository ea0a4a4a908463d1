import { afterEach, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { headCache } from "../../src/state/head-cache.ts";
import { KEY, save } from "./core.ts";

afterEach(() => vi.useRealTimers());

/** A memory backend that counts what it is asked. */
function counted() {
  const inner = memoryBackend();
  const calls: string[] = [];
  const core = createCore({
    backend: {
      ...inner,
      load(key, options) {
        calls.push("load");
        return inner.load(key, options);
      },
      commit(commits) {
        calls.push("commit");
        return inner.commit(commits);
      },
    },
  });
  return { core, calls };
}

test("a save on the warm path is one call, also after checkpoints", async () => {
  const { core, calls } = counted();
  await save(core, "first");
  expect(calls).toEqual(["load", "commit"]);
  calls.length = 0;
  await save(core, "second");
  await createCheckpoint(core, KEY, { caller: {} });
  const data = { content: new Uint8Array([1]), contentType: "application/octet-stream" };
  await createCheckpoint(core, KEY, { caller: {}, data });
  await save(core, "third");
  expect(calls).toEqual(["commit", "commit", "commit", "commit"]);
});

test("saves at once are as many calls as saves, once the head is known", async () => {
  const { core, calls } = counted();
  await save(core, "first");
  calls.length = 0;
  await Promise.all(Array.from({ length: 50 }, (_, i) => save(core, `${i} `.repeat(i * 50))));
  expect(calls).toHaveLength(50);
});

test("who is behind waits until the one before has been sent", async () => {
  const cache = headCache();
  const [first, second] = [cache.line(KEY, 0, true), cache.line(KEY, 1, true)];
  expect(first.turn).toBeNull();
  let gone = false;
  void second.turn!.then(() => {
    gone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(gone).toBe(false);
  first.leave();
  await second.turn;
  second.leave();
  expect(cache.line(KEY, 2, true).turn).toBeNull();
});

test("one that never sends does not hold the others up for good", async () => {
  vi.useFakeTimers();
  const cache = headCache();
  cache.line(KEY, 0, true);
  const { turn } = cache.line(KEY, 1, true);
  await vi.advanceTimersByTimeAsync(2000);
  await turn;
});

test("a guess that was too low joins the end of the line, one that was too high begins it anew", () => {
  const cache = headCache();
  const [low, , last] = [cache.line(KEY, 4, true), cache.line(KEY, 5, true), cache.line(KEY, 6, true)];
  low.missed(5);
  expect(cache.expected(KEY)).toBe(7);
  last.missed(5);
  expect(cache.expected(KEY)).toBe(5);
  cache.line(KEY, 5, true);
  last.missed(5);
  expect(cache.expected(KEY)).toBe(6);
});

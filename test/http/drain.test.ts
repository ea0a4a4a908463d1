import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import { createCore } from "../../src/state/core.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout"] }));
afterEach(() => void vi.useRealTimers());

function serviceOf(options: { frozen?: boolean }) {
  const backend = memoryBackend();
  const { add } = backend;
  let adds = 0;
  backend.add = (...given) => {
    adds++;
    return add.call(backend, ...given);
  };
  const app = createApp({ core: createCore({ backend }), keys: null, ...options });
  const save = () =>
    app.request("http://localhost/v1/pipelines/a/state", {
      ...{ method: "PUT", body: "{}", headers: { "Content-Type": "application/json" } },
    });
  const saves = async () => (await backend.sums({ tenant: "local", scope: "profile/default" })).c ?? 0;
  return { save, saves, adds: () => adds };
}

test("what requests count is added some seconds later, of many together", async () => {
  const { save, saves, adds } = serviceOf({});
  for (let i = 0; i < 5; i++) expect((await save()).ok).toBe(true);
  expect(await saves()).toBe(0);
  await vi.advanceTimersByTimeAsync(3100);
  expect(await saves()).toBe(5);
  const first = adds();
  await save();
  await vi.advanceTimersByTimeAsync(3100);
  expect([await saves(), adds()]).toEqual([6, 2 * first]);
});

test("where nothing goes on after an answer it is added before, and not with every answer", async () => {
  const { save, saves, adds } = serviceOf({ frozen: true });
  await save();
  expect(await saves()).toBe(1);
  const first = adds();
  for (let i = 0; i < 5; i++) await save();
  expect([await saves(), adds()]).toEqual([1, first]);
  vi.setSystemTime(Date.now() + 11_000);
  await save();
  expect(await saves()).toBe(7);
});

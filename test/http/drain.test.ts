import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import type { StandsStill } from "../../src/http/drain.ts";
import { createCore } from "../../src/state/core.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout"] }));
afterEach(() => void vi.useRealTimers());

function serviceOf(runtime?: StandsStill) {
  const backend = memoryBackend();
  const { add } = backend;
  let adds = 0;
  backend.add = (...given) => {
    adds++;
    return add.call(backend, ...given);
  };
  const app = createApp({ core: createCore({ backend }), keys: null });
  const save = () =>
    app.fetch(
      new Request("http://localhost/v1/pipelines/a/state", {
        ...{ method: "PUT", body: "{}", headers: { "Content-Type": "application/json" } },
      }),
      runtime,
    );
  const saves = async () => (await backend.sums({ tenant: "local", scope: "profile/default" })).c ?? 0;
  return { save, saves, adds: () => adds };
}

test("what requests count is added some seconds later, of many together", async () => {
  const { save, saves, adds } = serviceOf();
  for (let i = 0; i < 5; i++) expect((await save()).ok).toBe(true);
  expect(await saves()).toBe(0);
  await vi.advanceTimersByTimeAsync(3100);
  expect(await saves()).toBe(5);
  const first = adds();
  await save();
  await vi.advanceTimersByTimeAsync(3100);
  expect([await saves(), adds()]).toEqual([6, 2 * first]);
});

test("where nothing goes on between requests it is added after the answer, and not after every answer", async () => {
  const left: (() => Promise<unknown>)[] = [];
  const goOn = () => Promise.all(left.splice(0).map((work) => work()));
  const afterwards = (work: () => Promise<unknown>) => void left.push(work);
  const { save, saves, adds } = serviceOf({ afterwards });
  await save();
  expect(await saves()).toBe(0);
  await goOn();
  expect(await saves()).toBe(1);
  const first = adds();
  for (let i = 0; i < 5; i++) await save();
  await goOn();
  expect([await saves(), adds()]).toEqual([1, first]);
  vi.setSystemTime(Date.now() + 11_000);
  await save();
  await goOn();
  expect(await saves()).toBe(7);
});

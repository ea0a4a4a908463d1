import { expect, onTestFinished, test } from "vitest";
import { CairnClientError, type Pipeline } from "../../src/client/index.ts";
import { type Course, type Relay, startRelay } from "../support/relay.ts";
import { problem, startService } from "./service.ts";

const state = (step: number) => ({ text: "x".repeat(2000), step });

/** A service behind a relay that treats one request after another as told, and lets later ones pass. */
async function behindRelay(timeoutSeconds = 30) {
  const service = await startService();
  const relay = await startRelay(service.port);
  onTestFinished(() => relay.stop());
  const url = `http://127.0.0.1:${relay.port}`;
  const pipeline = service.client({ url, timeoutSeconds }).pipeline("a");
  await pipeline.save(state(1));
  return { service, relay, pipeline };
}

function treat(relay: Relay, ...courses: Course[]): void {
  relay.mode = () => courses.shift() ?? "pass";
}

test.each<[string, Course[], (pipeline: Pipeline) => Promise<{ version: number }>]>([
  ["a whole", ["drop"], (pipeline) => pipeline.saveBytes(crypto.getRandomValues(new Uint8Array(3000)))],
  ["a whole, twice", ["drop", "drop"], (pipeline) => pipeline.save([1])],
  ["a delta", ["drop"], (pipeline) => pipeline.save(state(2))],
  ["a delta, twice", ["drop", "drop"], (pipeline) => pipeline.save(state(2), { ifMatch: 1 })],
])("what was applied is applied once, though the answer was cut off: %s", async (_, courses, save) => {
  const { relay, pipeline, service } = await behindRelay();
  treat(relay, ...courses);
  expect((await save(pipeline)).version).toBe(2);
  const keys = service.seen.slice(1).map(({ headers }) => headers.get("Idempotency-Key"));
  expect(keys).toHaveLength(courses.length + 1);
  expect(new Set(keys).size).toBe(1);
  expect((await pipeline.load())?.version).toBe(2);
  expect((await pipeline.save(state(3))).version).toBe(3);
});

test("a deletion and a load are sent again, too", async () => {
  const { relay, pipeline } = await behindRelay();
  treat(relay, "drop");
  expect((await pipeline.load())?.value).toEqual(state(1));
  treat(relay, "drop");
  await pipeline.delete();
  expect(await pipeline.load()).toBeNull();
});

test("after three times without an answer it is unreachable", async () => {
  const { relay, pipeline } = await behindRelay();
  relay.mode = "cut";
  const before = relay.exchanges;
  const error = await pipeline.save(state(2)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CairnClientError);
  expect(error).toMatchObject({ code: "unreachable", cause: expect.any(Error) });
  expect(relay.exchanges - before).toBe(3);
  relay.mode = "pass";
  expect((await pipeline.save(state(3))).version).toBe(2);
});

test("an answer that does not come is waited for no longer than said", async () => {
  const { relay, pipeline } = await behindRelay(0.3);
  treat(relay, "stall");
  expect((await pipeline.save(state(2))).version).toBe(2);
  relay.mode = "stall";
  await expect(pipeline.load()).rejects.toMatchObject({ code: "timeout" });
});

test("503 is waited for, as long as it says", async () => {
  const service = await startService();
  const answers = [problem(503, "backend_unavailable", { "Retry-After": "1" })];
  service.instead = () => answers.shift();
  const start = performance.now();
  expect((await service.client().pipeline("a").save(1)).version).toBe(1);
  expect(performance.now() - start).toBeGreaterThan(990);
  const keys = service.seen.map(({ headers }) => headers.get("Idempotency-Key"));
  expect(keys).toEqual([keys[0], keys[0]]);
});

test("whoever is told to come back much later is told so", async () => {
  const service = await startService();
  service.instead = () => problem(503, "backend_unavailable", { "Retry-After": "3600" });
  const save = service.client().pipeline("a").save(1);
  await expect(save).rejects.toMatchObject({ status: 503, retryAfterSeconds: 3600 });
  expect(service.seen).toHaveLength(1);
});

test("503 that stays is the error after three times", async () => {
  const service = await startService();
  service.instead = () => problem(503, "outcome_unknown", { "Retry-After": "0" });
  await expect(service.client().pipeline("a").save(1)).rejects.toMatchObject({ code: "outcome_unknown" });
  expect(service.seen).toHaveLength(3);
});

test("a signal stops a call at once, before, during, and between the attempts", async () => {
  const { relay, pipeline, service } = await behindRelay();
  const reason = new Error("enough");
  await expect(pipeline.save(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(service.seen).toHaveLength(1);
  relay.mode = "stall";
  const during = new AbortController();
  setTimeout(() => during.abort(reason), 50);
  await expect(pipeline.load({ signal: during.signal })).rejects.toBe(reason);
  relay.mode = "pass";
  service.instead = () => problem(503, "backend_unavailable", { "Retry-After": "20" });
  const between = new AbortController();
  setTimeout(() => between.abort(reason), 50);
  await expect(pipeline.save(1, { signal: between.signal })).rejects.toBe(reason);
});

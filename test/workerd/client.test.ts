import { expect, inject, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { Cairn } from "../../src/client/index.ts";
import { createApp } from "../../src/http/app.ts";
import { createCore } from "../../src/state/core.ts";

/** A service in this isolate, the methods that it was called with, and a client of it. */
function service() {
  const app = createApp({ core: createCore({ backend: memoryBackend() }), keys: null });
  const methods: string[] = [];
  const call = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    methods.push(request.method);
    return app.fetch(request);
  };
  return { methods, cairn: new Cairn({ url: "http://localhost", fetch: call as typeof fetch }) };
}

const state = (step: number) => ({
  ...{
    step,
    at: new Date(step),
    done: new Set(["a", step]),
    size: 10n ** 20n,
    none: undefined,
    odd: [-0, Number.NaN],
  },
  ...{ bytes: new Uint8Array([1, 2, 255]), weights: new Float32Array([0.5, 1]), text: "x".repeat(10_000) },
});

test("the client saves, saves what changed, and loads", async () => {
  const { methods, cairn } = service();
  const pipeline = cairn.pipeline("a");
  await pipeline.save(state(1), { checkpoint: "always" });
  expect((await pipeline.save(state(2), { ifMatch: 1 })).version).toBe(2);
  expect((await pipeline.load())?.value).toStrictEqual(state(2));
  await pipeline.delete();
  expect(await pipeline.load()).toBeNull();
  expect(methods).toEqual(["PUT", "PATCH", "GET", "DELETE", "GET"]);
});

test("it runs steps, and its other calls are loaded when they are made", async () => {
  const { cairn } = service();
  const did: string[] = [];
  const attempt = (fails?: string) =>
    cairn.run("job", { kind: "etl" }, async (run) => {
      for (const name of ["a", "b"])
        await run.step(name, () => {
          if (name === fails) throw new Error(`no ${name}`);
          did.push(name);
        });
      return run.attempt;
    });
  await expect(attempt("b")).rejects.toThrow("no b");
  expect(await attempt()).toBe(2);
  expect(did).toEqual(["a", "b"]);
  const { checkpointId } = await cairn.pipeline("job").createCheckpoint({ label: "end" });
  expect(await cairn.pipeline("job").verifyCheckpoint(checkpointId)).toEqual({ valid: true, problems: [] });
  const [found] = (await cairn.listPipelines({ kind: "etl" })).data;
  expect(found).toMatchObject({ pipelineId: "job", status: "completed" });
});

test("it tells of a refusal", async () => {
  const { cairn } = service();
  await cairn.pipeline("a").saveBytes(new Uint8Array(300));
  const save = cairn.pipeline("a").save([1], { ifNoneMatch: "*" });
  await expect(save).rejects.toMatchObject({ status: 412, code: "precondition_failed", version: 1 });
});

test("without a fetch of its own it takes the runtime's", async () => {
  const pipeline = new Cairn({ url: inject("servers") }).pipeline("a");
  await expect(pipeline.load()).rejects.toMatchObject({ name: "CairnHttpError", status: 500 });
});

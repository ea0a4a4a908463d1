import { expect, test } from "vitest";
import { pipelineCalls } from "../../src/client/calls/pipeline.ts";
import { serviceCalls } from "../../src/client/calls/service.ts";
import { Cairn, CairnHttpError, CairnValueError } from "../../src/client/index.ts";
import { Pipeline } from "../../src/client/pipeline.ts";
import { ROUTES } from "../../src/http/routes/index.ts";
import { startService } from "./service.ts";

async function begun() {
  const service = await startService();
  const cairn = service.client();
  return { ...service, cairn, pipeline: cairn.pipeline("nightly") };
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

test("what is loaded later is what the classes have, and nothing else", () => {
  const names = (of: object) => Object.getOwnPropertyNames(of).filter((name) => name !== "constructor");
  expect(names(Object.getPrototypeOf(Cairn.prototype)).sort()).toEqual(Object.keys(serviceCalls).sort());
  expect(names(Object.getPrototypeOf(Pipeline.prototype)).sort()).toEqual(Object.keys(pipelineCalls).sort());
});

test("checkpoints are made, listed, loaded, compared, verified and deleted", async () => {
  const { pipeline } = await begun();
  await pipeline.save({ n: 1, at: new Date(0) });
  const first = await pipeline.createCheckpoint({
    label: "first",
    metadata: { by: "test" },
    reason: "why not",
  });
  expect(first).toMatchObject({ label: "first", version: 1, metadata: { by: "test" }, reason: "why not" });
  await pipeline.save({ n: 2 }, { checkpoint: "always" });
  const data = await pipeline.createCheckpoint({ data: { other: [true] } });

  const newest = await pipeline.listCheckpoints({ limit: 1 });
  expect(newest).toMatchObject({ data: [{ checkpointId: data.checkpointId }], hasMore: true });
  const rest = await pipeline.listCheckpoints({ cursor: newest.cursor! });
  expect(rest).toMatchObject({ data: [{ version: 2 }, { version: 1 }], cursor: null, hasMore: false });
  expect(await all(pipeline.checkpoints())).toEqual([...newest.data, ...rest.data]);
  expect(await all(pipeline.checkpoints({ label: "first" }))).toEqual([first]);
  expect(await pipeline.getCheckpoint(first.checkpointId)).toEqual(first);

  const loaded = await pipeline.loadCheckpoint<object>(first.checkpointId);
  expect(loaded).toMatchObject({ value: { n: 1, at: new Date(0) }, version: 1, sha256: first.sha256 });
  const given = await pipeline.loadCheckpointBytes(data.checkpointId);
  expect(given).toMatchObject({ version: null, contentType: "application/json" });
  expect(new TextDecoder().decode(given!.bytes)).toBe('{"other":[true]}');
  expect(await pipeline.loadParts(["/other/0"], { checkpointId: data.checkpointId })).toEqual({
    "/other/0": true,
  });
  expect(await pipeline.loadParts(["/n"])).toEqual({ "/n": 2 });

  const { patch } = await pipeline.diffCheckpoints(rest.data[0]!.checkpointId, data.checkpointId);
  expect(patch).toEqual([{ op: "replace", path: "", value: { other: [true] } }]);
  expect(await pipeline.diffCheckpoints(rest.data[0]!.checkpointId)).toEqual({ patch: [], bytes: {} });
  expect(await pipeline.verifyCheckpoint(first.checkpointId)).toEqual({ valid: true, problems: [] });
  await pipeline.deleteCheckpoint(first.checkpointId);
  expect(await pipeline.getCheckpoint(first.checkpointId)).toBeNull();
  expect(await pipeline.loadCheckpoint(first.checkpointId)).toBeNull();
  await expect(pipeline.createCheckpoint({ data: { at: new Date() } })).rejects.toThrow(CairnValueError);
  await expect(pipeline.getCheckpoint("../../x")).rejects.toThrow("An id is");
});

test("recovers, rolls back, forks, prunes, exports, and tells what happened", async () => {
  const { pipeline, cairn } = await begun();
  for (const n of [1, 2, 3]) await pipeline.save({ n }, { checkpoint: "always" });
  const [, second] = (await pipeline.listCheckpoints()).data;
  expect(await pipeline.rollback()).toMatchObject({ version: 4, checkpointId: second!.checkpointId });
  expect(await pipeline.recover({ select: ["/n"] })).toMatchObject({ pipelineId: "nightly", version: 5 });
  expect((await pipeline.load())?.value).toEqual({ n: 3 });
  expect(await pipeline.recover({ checkpointId: second!.checkpointId })).toMatchObject({ version: 6 });
  const made = await pipeline.fork("branch", { checkpointId: second!.checkpointId });
  expect(made).toMatchObject({ pipelineId: "branch", forkedFrom: { pipelineId: "nightly", version: 2 } });
  expect((await cairn.pipeline("branch").load())?.value).toEqual({ n: 2 });

  expect(await pipeline.prune({ dryRun: true })).toMatchObject({ dropped: [], kept: 3 });
  expect(await pipeline.cleanup({ keepLast: 1, olderThanSeconds: 3600 })).toEqual({ deleted: 0 });
  expect(await pipeline.cleanup({ keepLast: 1 })).toEqual({ deleted: 1 });
  const types = (await all(pipeline.events())).map(({ type }) => type);
  expect(types.slice(0, 3)).toEqual(["pruned", "forked", "recovered"]);
  expect((await pipeline.listEvents({ limit: 1 })).data).toMatchObject([{ type: "pruned" }]);
  expect(await pipeline.recoverability()).toMatchObject({ verified: true, rtoSeconds: null });

  const file = await new Response(await pipeline.export()).text();
  expect(file).toMatch(/^\{"cairn":"export".*"end":true/s);
  await expect(cairn.pipeline("none").export()).rejects.toMatchObject({ code: "not_found" });
});

test("takes, renews and gives back a lease, and ends", async () => {
  const { pipeline, cairn } = await begun();
  await pipeline.register({ kind: "etl", labels: { team: "a" } });
  const { fence } = await pipeline.acquireLease({ owner: "w", idempotencyKey: "k" });
  expect(await pipeline.acquireLease({ owner: "w", idempotencyKey: "k" })).toMatchObject({
    fence,
    owner: "w",
  });
  const taken = pipeline.acquireLease({ owner: "x", ttlSeconds: 5 });
  await expect(taken).rejects.toMatchObject({ status: 409, code: "lease_held" });
  await expect(pipeline.update({ labels: {} })).rejects.toBeInstanceOf(CairnHttpError);
  expect(await pipeline.heartbeat({ fence })).toMatchObject({ profile: expect.any(Object) });
  await pipeline.releaseLease({ fence });
  expect(await pipeline.update({ labels: { team: "b" } })).toMatchObject({
    lease: null,
    labels: { team: "b" },
  });
  await pipeline.finish("completed");

  await cairn.pipeline("other").save(1);
  expect(await all(cairn.pipelines())).toHaveLength(2);
  const found = await cairn.listPipelines({ kind: "etl", status: "completed", labels: { team: "b" } });
  expect(found.data).toMatchObject([{ pipelineId: "nightly" }]);
  expect(await all(cairn.pipelines({ labels: { team: "a" } }))).toEqual([]);
});

test("patches the state, and merges what others saved meanwhile", async () => {
  const { pipeline, cairn } = await begun();
  const big = { text: "x".repeat(1000) };
  await pipeline.save({ ...big, a: 1, b: 1 });
  expect(await pipeline.patch([{ op: "replace", path: "/a", value: 2 }])).toMatchObject({ version: 2 });
  expect(await pipeline.patch({ b: null }, { ifMatch: 2 })).toMatchObject({ version: 3 });
  await expect(pipeline.patch({ b: 1 }, { ifMatch: 2 })).rejects.toMatchObject({ status: 412, version: 3 });
  expect((await pipeline.load())?.value).toEqual({ ...big, a: 2 });

  await pipeline.save({ ...big, a: 2, mine: true });
  const merged = await pipeline.save({ ...big, a: 2, theirs: true }, { ifMatch: 3, onConflict: "merge" });
  expect(merged.version).toBe(5);
  expect((await cairn.pipeline("nightly").load())?.value).toEqual({ ...big, a: 2, mine: true, theirs: true });
  const clash = pipeline.save(
    { ...big, a: 2, mine: false, theirs: false },
    { ifMatch: 4, onConflict: "merge" },
  );
  await expect(clash).rejects.toMatchObject({ code: "merge_conflict" });
});

test("what decides is told: the strategy, how far it is, and what happened, with or without a task", async () => {
  const { pipeline, seen } = await begun();
  const auto = { checkpoint: "auto", strategy: "event" } as const;
  expect((await pipeline.save(1, { ...auto, task: { progress: 0.2 } })).decision).toMatchObject({
    strategy: "event",
    checkpoint: false,
  });
  const saved = await pipeline.save(2, { ...auto, task: { event: "epoch" } });
  expect(saved.checkpoint?.metadata).toMatchObject({ decision: { strategy: "event" } });
  await pipeline.save(3, { task: { name: "a", fanOut: 3 } });
  expect(seen.map(({ headers }) => headers.get("Cairn-Task"))).toEqual([
    ...["?0;progress=0.2", '?0;event="epoch"', '"a";fanout=3'],
  ]);
});

test("the service is asked for what it knows, claims, sweeps and forgets", async () => {
  const { pipeline, cairn } = await begun();
  await pipeline.register({ kind: "etl" });
  await pipeline.save(1);
  expect(await cairn.metrics()).toMatchObject({ pipelines: { running: 1 } });
  expect(await cairn.alerts()).toMatchObject({ untold: 0 });
  expect(await cairn.sweep()).toMatchObject({ due: 0, more: false });
  expect(await cairn.listInterrupted()).toEqual([]);
  expect(await cairn.claim({ owner: "w", kinds: ["etl"] })).toEqual([]);
  expect(await cairn.profile("etl")).toMatchObject({ kind: "etl" });
  await cairn.resetProfile("etl");
  expect(await cairn.profile("etl")).toMatchObject({ saves: 0 });
});

test("there is a method for every route that answers JSON", () => {
  const methods: Record<string, string> = {
    ...{ saveState: "save", patchState: "patch", loadState: "load", deletePipeline: "delete" },
    ...{ beginUpload: "save", uploadPart: "save", updatePipeline: "update", registerPipeline: "register" },
    ...{ getPipeline: "get", forkPipeline: "fork", exportPipeline: "export" },
    ...{
      getRecoverability: "recoverability",
      getMetrics: "metrics",
      listAlerts: "alerts",
      getProfile: "profile",
    },
  };
  const forPeople = ["scrapeMetrics", "health", "ready", "openapi", "docs"];
  for (const { operationId } of ROUTES.filter((route) => !forPeople.includes(route.operationId))) {
    const name = methods[operationId] ?? operationId;
    expect(name in Pipeline.prototype || name in Cairn.prototype, operationId).toBe(true);
  }
});

import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { StateManager, StateManagerError } from "../../src/index.ts";
import type { StateManagerOptions } from "../../src/state/options.ts";
import { WAYS } from "../support/ways.ts";

type Loose = Record<string, (...given: unknown[]) => Promise<unknown>>;

async function opened(way: (backend: StorageBackend) => StateManagerOptions) {
  const backend = memoryBackend();
  const manager = new StateManager(way(backend));
  await manager.savePipelineState("p", { n: 1 }, { checkpoint: "always" });
  const head = async () => (await backend.load({ tenant: "local", pipelineId: "p" }))?.head;
  const count = async () => (await backend.pipelines("local", {}, { limit: 500 })).data.length;
  return { loose: manager as unknown as Loose, head, count };
}

const owner = "worker";
const hole = [1, 2, 3];
delete hole[1];

describe.each(WAYS)("what a verb is given wrong is refused, and nothing is written, %s", (_name, way) => {
  it.each<[string, unknown[], string[]]>([
    ["savePipelineState", ["p", 1, { checkpoint: true }], ["/checkpoint"]],
    ["savePipelineState", ["p", 1, { checkpoint: "sometimes" }], ["/checkpoint"]],
    ["savePipelineState", ["p", 1, { bogus: 1, ifVersion: -1 }], ["/ifVersion", "/bogus"]],
    ["savePipelineState", ["p", 1, { ifVersion: 1.5 }], ["/ifVersion"]],
    ["savePipelineState", ["p", 1, { fence: "1" }], ["/fence"]],
    ["savePipelineState", ["p", 1, { force: 1 }], ["/force"]],
    ["savePipelineState", ["p", 1, { idempotencyKey: "" }], ["/idempotencyKey"]],
    ["savePipelineState", ["p", 1, { situation: { task: {} } }], ["/situation/task/name"]],
    ["savePipelineState", ["p", 1, null], [""]],
    ["savePipelineState", ["p", hole], [""]],
    ["savePipelineState", ["p", { a: Object.assign([...hole], hole, { extra: 1 }) }], ["/a"]],
    ["savePipelineState", ["p", { a: Object.assign([1], { extra: 1 }) }], ["/a"]],
    ["savePipelineState", ["p", { a: { [Symbol("s")]: 1 } }], ["/a"]],
    ["savePipelineState", ["p", Object.defineProperty({}, "hidden", { value: 1 })], [""]],
    ["createCheckpoint", ["p", { label: "" }], ["/label"]],
    ["createCheckpoint", ["p", { metadata: { a: Number.NaN } }], ["/metadata/a"]],
    ["createCheckpoint", ["p", { metadata: JSON.parse('{"a":{"__proto__":1}}') }], ["/metadata/a/__proto__"]],
    ["createCheckpoint", ["p", { reason: 1 }], ["/reason"]],
    ["createCheckpoint", ["p", { colour: 1 }], ["/colour"]],
    ["listCheckpoints", ["p", { limit: 0 }], ["/limit"]],
    ["listCheckpoints", ["p", { label: 1 }], ["/label"]],
    ["deleteCheckpoint", ["p", "x"], ["checkpointId"]],
    ["deleteCheckpoint", ["p", undefined], ["checkpointId"]],
    ["resumePipeline", ["p"], [""]],
    ["resumePipeline", ["p", {}], ["/owner"]],
    ["resumePipeline", ["p", { owner: "" }], ["/owner"]],
    ["resumePipeline", ["p", { owner, ttlSeconds: 0 }], ["/ttlSeconds"]],
    ["resumePipeline", ["p", { owner, ttlSeconds: -5 }], ["/ttlSeconds"]],
    ["resumePipeline", ["p", { owner, ttlSeconds: 1e9 }], ["/ttlSeconds"]],
    ["resumePipeline", ["p", { owner, ttlSeconds: Number.NaN }], ["/ttlSeconds"]],
    ["resumePipeline", ["p", { owner, bogus: 1 }], ["/bogus"]],
    ["resumeFromCheckpoint", ["p", undefined, { owner }], ["checkpointId"]],
    ["deletePipeline", ["p", { fence: Number.NaN }], ["/fence"]],
    ["queryPipelines", [{}, { limit: 0 }], ["/limit"]],
    ["queryPipelines", [{}, { limit: -1 }], ["/limit"]],
    ["queryPipelines", [{}, { limit: "a" }], ["/limit"]],
    ["queryPipelines", [{}, { limit: 501 }], ["/limit"]],
    ["queryPipelines", [{ status: "foo" }], ["/status"]],
    ["queryPipelines", [{ bogus: 1 }], ["/bogus"]],
    ["queryPipelines", [{ updatedBefore: "yesterday" }], ["/updatedBefore"]],
    ["getPipelineHistory", ["p", { limit: 1.5 }], ["/limit"]],
    ["cleanup", ["p", { keepLast: -1 }], ["/keepLast"]],
    ["cleanup", ["p", { keepLast: 1.5 }], ["/keepLast"]],
    ["cleanup", ["p", { keepLast: Number.NaN }], ["/keepLast"]],
    ["cleanup", ["p", { olderThanSeconds: Number.NaN }], ["/olderThanSeconds"]],
    ["cleanup", ["p", { olderThanSeconds: Number.POSITIVE_INFINITY }], ["/olderThanSeconds"]],
    ["cleanup", ["p", { olderThanSeconds: 1e300 }], ["/olderThanSeconds"]],
  ])("%s(%j)", async (verb, given, pointers) => {
    const { loose, head } = await opened(way);
    const before = await head();
    const error = await loose[verb]!(...given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StateManagerError);
    expect((error as StateManagerError).facts.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(await head()).toEqual(before);
  });

  it.each([null, undefined, 1, {}, Symbol("p"), 1n, ["p"]])("no pipeline id: %s", async (id) => {
    const { loose, count } = await opened(way);
    for (const verb of ["savePipelineState", "loadPipelineState", "getPipelineHistory", "deletePipeline"]) {
      await expect(loose[verb]!(id, verb === "deletePipeline" ? {} : undefined)).rejects.toMatchObject({
        name: "StateManagerError",
        code: "invalid_id",
      });
    }
    expect(await count()).toBe(1);
  });
});

describe.each(WAYS)("what is right goes through, %s", (_name, way) => {
  it("members that are undefined are as if left out", async () => {
    const { loose } = await opened(way);
    await loose.savePipelineState!("p", 2, { fence: undefined, checkpoint: undefined, ifVersion: 1 });
    await loose.createCheckpoint!("p", { label: undefined, data: undefined });
    const { data } = (await loose.listCheckpoints!("p", { limit: undefined })) as { data: unknown[] };
    expect(data).toHaveLength(2);
    await loose.queryPipelines!({ status: "running", updatedBefore: "2999-01-01T00:00:00Z" }, { limit: 500 });
    expect(await loose.cleanup!("p")).toEqual({ deleted: 0 });
  });
});

describe("new StateManager refuses", () => {
  it.each<[unknown, RegExp]>([
    [{ backend: {} }, /backend/],
    [{ backend: { ...memoryBackend(), commit: 1 } }, /backend/],
    [{ backend: { ...memoryBackend(), collect: undefined } }, /backend/],
    [{ backend: null }, /backend/],
    [{ bogus: 1 }, /^\/bogus: unknown/],
    [null, /./],
    ["folder", /./],
    [{ backendType: "tape" }, /backendType/],
  ])("%j", (options, message) => {
    const open = () => new StateManager(options as StateManagerOptions);
    expect(open).toThrow(StateManagerError);
    expect(open).toThrow(message);
  });
});

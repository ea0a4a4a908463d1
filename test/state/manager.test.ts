import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { Cairn } from "../../src/client/index.ts";
import { inProcess, SimpleStateManager, StateManager, StateManagerError } from "../../src/index.ts";
import type { OperationEvent, StateManagerOptions } from "../../src/state/options.ts";
import { startService } from "../client/service.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cairn-manager-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const kinds: [string, () => StateManagerOptions | Promise<StateManagerOptions>][] = [
  ["memory", () => ({ backendType: "memory" })],
  ["folder", () => ({ backendType: "folder", backendConfig: { path: join(folder, crypto.randomUUID()) } })],
  ["a service in this process", () => ({ client: new Cairn(inProcess({ backend: memoryBackend() })) })],
  ["a service over HTTP", async () => ({ client: (await startService()).client() })],
];

/** A memory backend whose commits can be counted, held and failed. */
function watched() {
  const batches: number[] = [];
  const gate = { wait: Promise.resolve(), fail: null as Error | null };
  const inner = memoryBackend();
  const backend: StorageBackend = {
    ...inner,
    async commit(commits) {
      await gate.wait;
      if (gate.fail) throw gate.fail;
      batches.push(commits.length);
      return inner.commit(commits);
    },
  };
  return { backend, batches, gate };
}

describe.each(kinds)("StateManager on %s", (_name, options) => {
  it("saves, loads, checkpoints, resumes and tells its history", async () => {
    const manager = new StateManager(await options());
    const saved = await manager.savePipelineState("etl", { done: ["a"] }, { checkpoint: "always" });
    expect(saved).toMatchObject({ version: 1, bytes: 14, checkpoint: { version: 1, source: "state" } });
    await manager.savePipelineState("etl", { done: ["a", "b"] });
    expect(await manager.loadPipelineState("etl")).toMatchObject({ state: { done: ["a", "b"] }, version: 2 });

    const checkpoint = await manager.createCheckpoint("etl", { label: "two", metadata: { by: "test" } });
    expect(checkpoint).toMatchObject({ label: "two", version: 2, sequence: 2 });
    const { data } = await manager.listCheckpoints("etl");
    expect(data.map(({ version }) => version)).toEqual([2, 1]);

    const resumed = await manager.resumePipeline("etl", { owner: "w" });
    expect(resumed).toMatchObject({ state: { done: ["a", "b"] }, fence: 1, attempt: 1, version: 2 });
    const again = await manager.resumeFromCheckpoint("etl", data[1]!.checkpointId, { owner: "w" });
    expect(again).toMatchObject({ state: { done: ["a"] }, fence: 2, version: 3 });
    await expect(manager.savePipelineState("etl", {}, { fence: 1 })).rejects.toMatchObject({
      code: "fence_lost",
    });

    const history = await manager.getPipelineHistory("etl");
    expect(history.data.map(({ type }) => type)).toEqual([
      ...["resumed", "resumed", "checkpointed", "checkpointed", "created"],
    ]);
    expect((await manager.queryPipelines({ status: "running" })).data).toMatchObject([{ pipelineId: "etl" }]);
    await manager.deleteCheckpoint("etl", data[0]!.checkpointId, { fence: 2 });
    expect((await manager.listCheckpoints("etl")).data.length).toBe(1);
    await manager.close();
  });

  it("keeps bytes as bytes, and answers null for what is not there", async () => {
    const manager = new StateManager(await options());
    const bytes = Uint8Array.from([0, 255, 10, 13]);
    await manager.savePipelineState("raw", bytes);
    expect((await manager.loadPipelineState("raw"))?.state).toEqual(bytes);
    expect(await manager.loadPipelineState("none")).toBeNull();
  });

  it("saves over a version only when it is the current one", async () => {
    const manager = new StateManager(await options());
    await manager.savePipelineState("cas", 1, { ifVersion: 0 });
    await expect(manager.savePipelineState("cas", 2, { ifVersion: 0 })).rejects.toBeInstanceOf(
      StateManagerError,
    );
    await manager.savePipelineState("cas", 2, { ifVersion: 1 });
    await expect(manager.savePipelineState("cas", 3, { ifVersion: 1 })).rejects.toMatchObject({
      code: "precondition_failed",
      status: 412,
    });
  });

  it("cleans up old checkpoints, and keeps the two that recovery rests on whatever is asked", async () => {
    const manager = new StateManager(await options());
    for (let i = 0; i < 6; i++) await manager.savePipelineState("old", { i }, { checkpoint: "always" });
    await manager.createCheckpoint("old", { data: { given: true } });
    expect(await manager.cleanup("old", { keepLast: 1 })).toEqual({ deleted: 4 });
    const { data } = await manager.listCheckpoints("old");
    expect(data.map(({ source, version }) => [source, version])).toEqual([
      ["data", 6],
      ["state", 6],
      ["state", 5],
    ]);
    expect(await manager.cleanup("old", { keepLast: 1, olderThanSeconds: 3600 })).toEqual({ deleted: 0 });
  });
});

describe("StateManager options", () => {
  it("refuses what it does not know, all problems together", () => {
    const options = { compressionLevel: 11, zork: 1, backendConfig: { path: 3 }, backendType: "folder" };
    expect(() => new StateManager(options as unknown as StateManagerOptions)).toThrowError(
      /compressionLevel.*zork.*backendConfig\/path/,
    );
    expect(() => new StateManager({ backend: memoryBackend(), backendType: "memory" })).toThrowError(
      /either/,
    );
  });

  it("compresses unless told not to, by the level given", async () => {
    const text = Array.from(
      { length: 3000 },
      (_, i) => `row ${(i * i * 7919) % 10_007} of ${i} is ${"x".repeat(i % 13)}`,
    );
    const stored = async (options: StateManagerOptions) => {
      const saved = await new StateManager(options).savePipelineState("c", text);
      return (saved as { storedBytes: number }).storedBytes;
    };
    const [none, fast, small] = await Promise.all([
      stored({ compressionEnabled: false }),
      stored({ compressionLevel: 1 }),
      stored({ compressionLevel: 9 }),
    ]);
    expect(none).toBe(JSON.stringify(text).length);
    expect(fast).toBeLessThan(none / 2);
    expect(small).toBeLessThan(fast);
  });

  it("maxFileSize refuses a larger state, and nothing is written", async () => {
    const manager = new StateManager({ backendConfig: { maxFileSize: 10 } });
    await expect(manager.savePipelineState("big", "x".repeat(20))).rejects.toMatchObject({
      code: "too_large",
    });
    expect(await manager.loadPipelineState("big")).toBeNull();
  });

  it("batchSize groups concurrent commits; a batch that fails is found out one by one", async () => {
    const { backend, batches } = watched();
    const manager = new StateManager({ backend, batchSize: 8 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => manager.savePipelineState(`p${i}`, i)));
    expect(Math.max(...batches)).toBe(8);
    expect(batches.length).toBeLessThan(20);
  });

  it("asyncOperations: a save returns before it is durable, flush waits and tells what failed", async () => {
    const { backend, gate } = watched();
    let open = () => {};
    gate.wait = new Promise((resolve) => {
      open = resolve;
    });
    const manager = new StateManager({ backend, asyncOperations: true });
    expect(await manager.savePipelineState("later", 1)).toEqual({ pipelineId: "later", pending: true });
    expect(await backend.load({ tenant: "local", pipelineId: "later" })).toBeNull();
    open();
    await manager.flush();
    expect(await manager.loadPipelineState("later")).toMatchObject({ state: 1 });
    await manager.savePipelineState("later", 2, { ifVersion: 7 });
    await manager.savePipelineState("later", 3);
    await expect(manager.flush()).rejects.toMatchObject({ code: "precondition_failed" });
    await manager.flush();
    expect(await manager.loadPipelineState("later")).toMatchObject({ state: 3, version: 2 });
  });

  it("tells the monitor of each operation", async () => {
    const events: OperationEvent[] = [];
    const manager = new StateManager({ monitor: { record: (event) => void events.push(event) } });
    await manager.savePipelineState("m", 1);
    await manager.savePipelineState("m", 1, { ifVersion: 9 }).catch(() => {});
    const told = events.filter(({ operation }) => operation === "save");
    expect(told.some(({ ok, code }) => ok && code === null)).toBe(true);
    expect(told.some(({ ok, code }) => !ok && code === "precondition_failed")).toBe(true);
  });

  it.each([
    ["undefined", { a: undefined }, "/a"],
    ["NaN", { a: [1, Number.NaN] }, "/a/1"],
    ["-0", -0, ""],
    ["Date", { "a/b": new Date() }, "/a~1b"],
    ["Map", new Map(), ""],
    ["bigint", 1n, ""],
  ])("refuses %s, which JSON would lose", async (_name, value, pointer) => {
    const save = new StateManager().savePipelineState("v", value as never);
    await expect(save).rejects.toMatchObject({ code: "malformed", facts: { errors: [{ pointer }] } });
  });

  it("refuses a value that holds itself, and bad ids", async () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    await expect(new StateManager().savePipelineState("v", loop as never)).rejects.toMatchObject({
      code: "malformed",
    });
    for (const id of ["", "..", "a/b", "a..b", "x".repeat(129), "é", ".a"]) {
      await expect(new StateManager().savePipelineState(id, 1)).rejects.toMatchObject({ code: "invalid_id" });
    }
  });
});

describe("SimpleStateManager", () => {
  it("saves, loads, lists and deletes; what it saved outlives it", async () => {
    const path = join(folder, "simple");
    const states = new SimpleStateManager(path);
    await states.save("b", { n: 1 });
    await states.save("a", [1, 2]);
    expect(await new SimpleStateManager(path).load("b")).toEqual({ n: 1 });
    expect(await states.list()).toEqual(["a", "b"]);
    expect(await states.delete("a")).toBe(true);
    expect(await states.delete("a")).toBe(false);
    expect(await states.load("a")).toBeNull();
    await states.save("a", "again");
    expect(await states.load("a")).toBe("again");
  });
});

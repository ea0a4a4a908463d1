import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { StateManager, StateManagerError } from "../../src/index.ts";

/** A memory backend that takes a while over each commit. */
function slow(): StorageBackend {
  const inner = memoryBackend();
  return {
    ...inner,
    async commit(commits) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return inner.commit(commits);
    },
  };
}

const stateOf = async (manager: StateManager, id: string) => (await manager.loadPipelineState(id))?.state;
const numbers = Array.from({ length: 20 }, (_, i) => i);

describe("asyncOperations, when nobody awaits the saves", () => {
  it("flush waits for all that were called before, which land in the order of the calls", async () => {
    const manager = new StateManager({ backend: slow(), asyncOperations: true });
    for (const i of numbers) void manager.savePipelineState("q", { i });
    await manager.flush();
    expect(await manager.loadPipelineState("q")).toMatchObject({ version: 20, state: { i: 19 } });
  });

  it("close waits for them as well", async () => {
    const backend = slow();
    const manager = new StateManager({ backend, asyncOperations: true });
    for (const i of numbers) void manager.savePipelineState(`q${i}`, i);
    await manager.close();
    for (const i of numbers) {
      expect((await backend.load({ tenant: "local", pipelineId: `q${i}` }))?.head.version).toBe(1);
    }
  });

  it.each(["flush", "close"] as const)("%s throws what failed", async (verb) => {
    const manager = new StateManager({ backend: slow(), asyncOperations: true });
    void manager.savePipelineState("q", 1);
    void manager.savePipelineState("q", 2, { ifVersion: 999 });
    void manager.savePipelineState("q", 3);
    await expect(manager[verb]()).rejects.toMatchObject({ code: "precondition_failed" });
  });

  it("every verb sees the saves of its pipeline that were called before", async () => {
    const manager = new StateManager({ backend: slow(), asyncOperations: true });
    void manager.savePipelineState("q", 1, { checkpoint: "always" });
    expect((await manager.listCheckpoints("q")).data).toHaveLength(1);
    void manager.savePipelineState("r", 1, { checkpoint: "always" });
    expect((await manager.getPipelineHistory("r")).data).toHaveLength(2);
    void manager.savePipelineState("s", 1, { checkpoint: "always" });
    expect((await manager.queryPipelines()).data).toHaveLength(3);
  });

  it("a save that is refused at its call says so there", async () => {
    const manager = new StateManager({ asyncOperations: true });
    await expect(manager.savePipelineState("q", undefined as never)).rejects.toMatchObject({
      code: "malformed",
    });
    await manager.flush();
  });
});

describe.each([false, true])(
  "with asyncOperations %s, what is saved is what was given at the call",
  (asynchronous) => {
    const open = () => new StateManager({ backend: slow(), asyncOperations: asynchronous });

    it("bytes that are written over at once", async () => {
      const manager = open();
      const buffer = new Uint8Array(10).fill(1);
      const saved = manager.savePipelineState("b", buffer);
      buffer.fill(2);
      await saved;
      await manager.flush();
      expect(await stateOf(manager, "b")).toEqual(new Uint8Array(10).fill(1));
    });

    it("an object that goes on changing, each time as it was", async () => {
      const manager = open();
      const state = { i: 0 };
      const saves = numbers.map((i) => {
        state.i = i;
        return manager.savePipelineState(`o${i}`, state);
      });
      await Promise.all(saves);
      await manager.flush();
      expect(await Promise.all(numbers.map((i) => stateOf(manager, `o${i}`)))).toEqual(
        numbers.map((i) => ({ i })),
      );
    });

    it("options, and the data and metadata of a checkpoint", async () => {
      const manager = open();
      await manager.savePipelineState("c", 1);
      await manager.flush();
      const options = { ifVersion: 1 };
      const saved = manager.savePipelineState("c", 2, options);
      options.ifVersion = 9;
      await saved;
      await manager.flush();
      const [metadata, data] = [{ by: ["me"] }, { n: 1 }];
      const made = manager.createCheckpoint("c", { metadata, data });
      metadata.by.push("you");
      data.n = 22;
      expect(await made).toMatchObject({ metadata: { by: ["me"] }, bytes: 7 });
    });
  },
);

it("a failure that nobody looks at is not swallowed", async () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => void unhandled.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
  try {
    const manager = new StateManager();
    void manager.listCheckpoints("none");
    await manager.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.off("unhandledRejection", listener);
    for (const other of others) process.on("unhandledRejection", other);
  }
  expect(unhandled).toMatchObject([{ code: "not_found" }]);
});

describe("a manager that was closed", () => {
  it("does nothing any more, and says so", async () => {
    const backend = memoryBackend();
    const manager = new StateManager({ backend });
    await manager.savePipelineState("p", 1);
    await manager.close();
    await manager.close();
    for (const late of [
      () => manager.savePipelineState("p", 2),
      () => manager.loadPipelineState("p"),
      () => manager.queryPipelines(),
    ]) {
      await expect(late()).rejects.toBeInstanceOf(StateManagerError);
    }
    expect((await backend.load({ tenant: "local", pipelineId: "p" }))?.head.version).toBe(1);
  });

  it("has given its store back only after what was under way had ended", async () => {
    const order: string[] = [];
    const backend = slow();
    const manager = new StateManager({
      backend: { ...backend, close: async () => void order.push("closed") },
    });
    const saved = manager.savePipelineState("p", 1).then(() => order.push("saved"));
    await manager.close();
    await saved;
    expect(order).toEqual(["saved", "closed"]);
  });
});

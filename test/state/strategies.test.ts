import { expect, onTestFinished, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { AdaptiveCheckpointManager } from "../../src/checkpointing/index.ts";
import { knowledgeOf } from "../../src/checkpointing/knowledge.ts";
import { StateManager } from "../../src/state/manager.ts";
import type { StateManagerOptions } from "../../src/state/options.ts";

function managerOf(options: StateManagerOptions = {}): StateManager {
  const manager = new StateManager({ backend: memoryBackend(), ...options });
  onTestFinished(() => manager.close());
  return manager;
}

async function kept(manager: StateManager, situations: object[]): Promise<boolean[]> {
  const made: boolean[] = [];
  for (const [i, situation] of situations.entries()) {
    const saved = await manager.savePipelineState("p", { i }, { situation });
    made.push("checkpoint" in saved && saved.checkpoint !== null);
  }
  return made;
}

test.each([
  ["adaptive", [{}, {}, {}], [true, false, false]],
  ["time", [{}, { sinceCheckpointSeconds: 299 }, { sinceCheckpointSeconds: 300 }], [true, false, true]],
  ["progress", [{ progress: 0.05 }, { progress: 0.1 }, { progress: 0.15 }], [false, true, false]],
  ["event", [{}, { event: "epoch" }], [false, true]],
  ["always", [{}, {}], [true, true]],
  ["never", [{}, {}], [false, false]],
] as const)(
  "the manager's strategy %s decides where a save and its pipeline say nothing",
  async (strategy, told, made) => {
    const manager = managerOf({ checkpointStrategy: strategy });
    expect(await kept(manager, [...told])).toEqual(made);
  },
);

test("whether a checkpoint is worth it is told without saving, and wrong questions are refused", async () => {
  const manager = managerOf();
  await manager.savePipelineState("p", { a: 1 });
  const decision = await manager.shouldCheckpoint("p", { sinceCheckpointSeconds: 1e9, stateBytes: 10 });
  expect(decision).toMatchObject({ checkpoint: true, strategy: "adaptive" });
  expect((await manager.listCheckpoints("p")).data).toEqual([]);
  await expect(manager.shouldCheckpoint("p", { colour: 1 } as never)).rejects.toMatchObject({
    code: "malformed",
  });
  await expect(manager.shouldCheckpoint("none")).rejects.toMatchObject({ code: "not_found" });
});

test("the seed's manager writes through this one", async () => {
  const manager = managerOf();
  const { curve } = knowledgeOf({});
  const adaptive = new AdaptiveCheckpointManager({
    ...{ criticalityThreshold: 0.7, minCheckpointInterval: 10, storageBudget: "1GB" },
    forecast: () => ({ curve, uptimeSeconds: 100, checkpointCostSeconds: 5 }),
    save: () => manager.savePipelineState("p", { a: 1 }, { checkpoint: "always" }),
  });
  expect(adaptive.analyzeTaskCriticality({ criticality: 0.9 })).toMatchObject({ criticality: 0.9 });
  const critical = { name: "train", criticality: 0.9 };
  expect(await adaptive.createCheckpoint({ task: critical, sinceCheckpointSeconds: 9 })).toBeUndefined();
  expect(await adaptive.createCheckpoint({ task: critical, sinceCheckpointSeconds: 10 })).toMatchObject({
    version: 1,
  });
  expect((await manager.listCheckpoints("p")).data).toHaveLength(1);
});

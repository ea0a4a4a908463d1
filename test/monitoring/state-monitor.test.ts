import { expect, test } from "vitest";
import {
  memoryBackend,
  StateManager,
  StateMonitor,
  type StateMonitorOptions,
  StateRecovery,
} from "../../src/index.ts";

test("counts what managers and recoveries do, and adds up what others did over the same store", async () => {
  const backend = memoryBackend();
  const managers = [new StateManager({ backend }), new StateManager({ backend })];
  const [here, there] = managers.map((manager) => new StateMonitor({ manager }));
  for (const [i, manager] of managers.entries()) {
    await manager.savePipelineState(`p${i}`, { i });
    await manager.createCheckpoint(`p${i}`);
  }
  const recovery = new StateRecovery({ manager: managers[0]! });
  await recovery.recoverPipeline("p0");
  await expect(recovery.recoverPipeline("none")).rejects.toMatchObject({ code: "not_found" });
  await managers[1]!.savePipelineState("empty", "x");
  await expect(recovery.recoverPipeline("empty")).rejects.toMatchObject({ code: "unrecoverable" });
  await there!.getStateMetrics();
  const metrics = await here!.getStateMetrics();
  expect(metrics).toMatchObject({
    ...{ recoverySuccessRate: 1 / 2, storageUtilization: null, checkpoints: 2, truncated: false },
    pipelines: { running: 3, interrupted: 0, completed: 0, failed: 0, cancelled: 0 },
  });
  // Of five saves and checkpoints, and three recoveries.
  expect(metrics.errorRate).toBe(1 / 8);
  expect(metrics.avgCheckpointSeconds).toBeGreaterThan(0);
  await Promise.all(managers.map((manager) => manager.close()));
});

test("refuses what is no manager, and options it does not know", () => {
  const manager = new StateManager();
  const make = (options: object) => () => new StateMonitor(options as StateMonitorOptions);
  expect(make({})).toThrow("/manager: must be a StateManager");
  expect(make({ manager: {} })).toThrow("/manager: must be a StateManager");
  expect(make({ manager, colour: "red" })).toThrow("/colour: unknown");
});

import { expect, test } from "vitest";
import {
  memoryBackend,
  StateManager,
  StateMonitor,
  type StateMonitorOptions,
  StateRecovery,
} from "../../src/index.ts";
import { stateMetricsOf } from "../../src/monitoring/state-metrics.ts";
import { createCore, metricsKey } from "../../src/state/core.ts";
import { quotas } from "../../src/state/quotas.ts";
import { saveState } from "../../src/state/save.ts";

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
  expect(make({ manager, metricsBackend: "prometheus" })).toThrow("/metricsBackend: must have a method");
  expect(make({ manager, alertThresholds: { errorRate: -1, sweepLag: 5 } })).toThrow(
    /\/alertThresholds\/errorRate: .*\/alertThresholds\/sweepLag: unknown/,
  );
});

test("alerts are looked at over all there is, and then over what was done since, with hysteresis", async () => {
  const backend = memoryBackend();
  const manager = new StateManager({ backend });
  const monitor = new StateMonitor({ manager, alertThresholds: { errorRate: 0.2, storageUsage: 1 } });
  const recovery = new StateRecovery({ manager });
  const failing = async () => {
    const alerts = await monitor.getAlerts();
    expect(alerts.map(({ name }) => name)).toEqual(["checkpointTime", "storageUsage", "errorRate"]);
    return alerts.filter(({ state }) => state === "firing").map(({ name }) => name);
  };
  await manager.savePipelineState("p", "x");
  const nobody = () => recovery.recoverPipeline("p").catch(() => {});
  await nobody();
  expect(await failing()).toEqual(["errorRate"]);
  for (let i = 0; i < 4; i++) {
    await manager.savePipelineState("p", "x");
    expect(await failing()).toEqual(["errorRate"]);
  }
  await manager.savePipelineState("p", "x");
  expect(await failing()).toEqual([]);
  for (let i = 0; i < 9; i++) await nobody();
  expect(await failing()).toEqual(["errorRate"]);
  await manager.close();
});

test("a metrics backend is told of each operation, and what it throws is counted and fails nothing", async () => {
  const backend = memoryBackend();
  const manager = new StateManager({ backend });
  const told: object[] = [];
  new StateMonitor({ manager, metricsBackend: { record: (operation) => told.push(operation) } });
  await manager.savePipelineState("p", "x");
  await expect(manager.createCheckpoint("none")).rejects.toMatchObject({ code: "not_found" });
  expect(told).toEqual([
    { operation: "saveState", code: "ok", seconds: expect.any(Number), bytesIn: 0, bytesOut: 0 },
    {
      operation: "createCheckpoint",
      code: "not_found",
      seconds: expect.any(Number),
      bytesIn: 0,
      bytesOut: 0,
    },
  ]);
  const broken = () => {
    throw new Error("away");
  };
  new StateMonitor({ manager, metricsBackend: { record: broken } });
  await manager.savePipelineState("p", "y");
  await manager.close();
  expect(await backend.sums({ tenant: "local", scope: "metrics" })).toMatchObject({ "d/metricsBackend": 1 });
});

test("a share is one at most, a full quota is no failure, and the quota is what storage is a share of", async () => {
  const backend = memoryBackend();
  const counted = { "n/saveState/ok": 2, "n/saveState/quota_exceeded": 9, "s/saveState": 5, run: 2 };
  await backend.add(metricsKey("acme"), counted);
  const limits = new Map([["acme", { bytes: 200, pipelines: Number.POSITIVE_INFINITY }]]);
  const core = createCore({ backend, quotas: quotas(limits) });
  const content = new TextEncoder().encode("0123456789".repeat(2));
  const key = { tenant: "acme", pipelineId: "p" };
  const saved = await saveState(core, key, {
    content,
    contentType: "text/plain",
    caller: {},
    checkpoint: "never",
  });
  expect(await stateMetricsOf(core, "acme")).toMatchObject({
    ...{ checkpointOverhead: 1, errorRate: 0, storageUtilization: saved.result.storedBytes / 200 },
    quota: { bytes: 200, pipelines: null },
  });
});

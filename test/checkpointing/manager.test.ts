import { describe, expect, test } from "vitest";
import {
  AdaptiveCheckpointManager,
  AdaptiveStrategy,
  EventDrivenStrategy,
  type Forecast,
  ProgressBasedStrategy,
  TimeBasedStrategy,
} from "../../src/checkpointing/index.ts";
import { exponentialCurve } from "./support.ts";

const forecast: Forecast = {
  curve: exponentialCurve(10_000),
  uptimeSeconds: 5000,
  checkpointCostSeconds: 50,
};

describe("the seed's classes", () => {
  test("decide as the strategy in their name", () => {
    const strategies = [
      new TimeBasedStrategy(),
      new ProgressBasedStrategy(),
      new EventDrivenStrategy(),
      new AdaptiveStrategy(),
    ];
    const names = strategies.map((s) => s.shouldCheckpoint({ sinceCheckpointSeconds: 1 }, forecast).strategy);
    expect(names).toEqual(["time", "progress", "event", "adaptive"]);
  });

  test("take the knobs", () => {
    const strategy = new TimeBasedStrategy({ maxIntervalSeconds: 10 });
    expect(strategy.shouldCheckpoint({ sinceCheckpointSeconds: 11 }, forecast).checkpoint).toBe(true);
  });
});

test("the manager writes what its strategy is for, and hands the decision on", async () => {
  const manager = new AdaptiveCheckpointManager({
    forecast: () => forecast,
    save: async ({ reason }) => reason,
  });
  expect(await manager.createCheckpoint({ sinceCheckpointSeconds: 10 })).toBeUndefined();
  expect(await manager.createCheckpoint({ sinceCheckpointSeconds: 2000 })).toMatch(/to be lost/);
  expect(manager.analyzeTaskCriticality({ criticality: 0.4 }).criticality).toBe(0.4);
});

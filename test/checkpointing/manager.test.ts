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

describe("the manager's knobs, by their seed names", () => {
  const managerOf = (options: object) =>
    new AdaptiveCheckpointManager({
      forecast: () => ({ ...forecast, storedBytes: 900_000_000 }),
      save: async ({ reason }) => reason,
      ...options,
    });
  const decides = (options: object, situation: object) =>
    managerOf(options).shouldCheckpoint(situation).checkpoint;

  test.each([{}, { strategy: new TimeBasedStrategy() }])("bind whatever strategy it has", (strategy) => {
    const late = { sinceCheckpointSeconds: 2000, stateBytes: 200_000_000 };
    expect(decides(strategy, late)).toBe(true);
    expect(decides({ ...strategy, minCheckpointInterval: 3000 }, late)).toBe(false);
    expect(decides({ ...strategy, storageBudget: "1GB" }, late)).toBe(false);
    expect(decides({ ...strategy, storageBudget: "2GB" }, late)).toBe(true);
    const soon = { sinceCheckpointSeconds: 10, task: { name: "t", criticality: 0.6 } };
    expect(decides(strategy, soon)).toBe(false);
    expect(decides({ ...strategy, criticalityThreshold: 0.5 }, soon)).toBe(true);
    expect(decides({ ...strategy, maxCheckpointInterval: 5 }, soon)).toBe(true);
  });

  test.each([
    [{ storageBudget: "a lot" }, 'storageBudget is not a size such as "1GB": a lot'],
    [{ minCheckpointInterval: -1 }, /minCheckpointInterval/],
    [{ maxCheckpointInterval: Number.NaN }, /maxCheckpointInterval/],
    [{ criticalityThreshold: 7 }, /criticalityThreshold/],
  ])("say what is wrong with %o", (options, message) => {
    expect(() => managerOf(options)).toThrow(message);
  });
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBytes } from "../../src/checkpointing/bytes.ts";
import { analyzeTaskCriticality } from "../../src/checkpointing/criticality.ts";
import { emptyCurve } from "../../src/checkpointing/hazard/curve.ts";
import { AdaptiveStrategy, TimeBasedStrategy } from "../../src/checkpointing/manager.ts";
import { evaluate, type Forecast } from "../../src/checkpointing/strategies.ts";
import { exponentialCurve } from "./support.ts";

const forecast: Forecast = {
  curve: exponentialCurve(10_000),
  uptimeSeconds: 5000,
  checkpointCostSeconds: 50,
};

describe("the strategies", () => {
  test("always and never", () => {
    expect(evaluate({ strategy: "always" }, {}, forecast).checkpoint).toBe(true);
    expect(
      evaluate({ strategy: "never" }, { task: { name: "t", criticality: 1 } }, forecast).checkpoint,
    ).toBe(false);
  });

  test("time: at the first boundary, then by the interval", () => {
    const policy = { strategy: "time", maxIntervalSeconds: 100 } as const;
    expect(evaluate(policy, {}, forecast).checkpoint).toBe(true);
    expect(evaluate(policy, { sinceCheckpointSeconds: 99 }, forecast)).toMatchObject({
      checkpoint: false,
      nextCheckSeconds: 1,
    });
    expect(evaluate(policy, { sinceCheckpointSeconds: 100 }, forecast).checkpoint).toBe(true);
  });

  test("progress: by steps since the last checkpoint", () => {
    const policy = { strategy: "progress", progressStep: 0.1 } as const;
    const at = (progress: number) =>
      evaluate(policy, { progress }, { ...forecast, progressAtCheckpoint: 0.2 }).checkpoint;
    expect([at(0.25), at(0.3), at(0.9)]).toEqual([false, true, true]);
    expect(evaluate(policy, {}, forecast).checkpoint).toBe(false);
  });

  test("event: at the events named, or at any", () => {
    const named = { strategy: "event", events: ["epoch"] } as const;
    const at = (policy: object, event?: string) =>
      evaluate({ ...policy, strategy: "event" }, event ? { event } : {}, forecast).checkpoint;
    expect([at(named, "epoch"), at(named, "batch"), at({}, "batch"), at(named)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("adaptive without a plan: about Young's interval where failures are memoryless", () => {
    const at = (sinceCheckpointSeconds: number) =>
      evaluate({ strategy: "adaptive" }, { sinceCheckpointSeconds }, forecast);
    expect(at(980).checkpoint).toBe(false);
    expect(at(1020)).toMatchObject({ checkpoint: true, strategy: "adaptive", checkpointCostSeconds: 50 });
    expect(at(1020).failuresPerHour).toBeCloseTo(0.36, 2);
    expect(at(1000).expectedLossSeconds).toBeCloseTo(50, 0);
  });

  test("adaptive: a critical task makes a checkpoint worth more", () => {
    const situation = { sinceCheckpointSeconds: 800, task: { name: "t", criticality: 0.9 } };
    expect(evaluate({}, { ...situation, task: { name: "t", criticality: 0 } }, forecast).checkpoint).toBe(
      false,
    );
    expect(evaluate({}, situation, forecast).checkpoint).toBe(true);
  });
});

describe("the knobs", () => {
  const seconds = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true }));
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const bytes = fc.nat(1000);
  const policies = fc.record(
    {
      strategy: fc.constantFrom("adaptive", "time", "progress", "event", "always"),
      minIntervalSeconds: seconds,
      maxIntervalSeconds: seconds,
      criticalityThreshold: share,
      storageBudgetBytes: bytes,
    },
    { requiredKeys: [] },
  );
  const task = fc.record({ name: fc.constant("t"), criticality: share });
  const situations = fc.record(
    { sinceCheckpointSeconds: seconds, stateBytes: bytes, progress: share, event: fc.constant("e"), task },
    { requiredKeys: [] },
  );
  const forecasts = fc.record({
    curve: fc.constantFrom(exponentialCurve(10_000), exponentialCurve(1), emptyCurve()),
    uptimeSeconds: seconds,
    checkpointCostSeconds: seconds,
    storedBytes: bytes,
  });

  test("are never violated, whatever the strategy and situation", () => {
    const property = fc.property(policies, situations, forecasts, (policy, situation, forecast) => {
      const { checkpoint, nextCheckSeconds, reason } = evaluate(policy, situation, forecast);
      const { sinceCheckpointSeconds: since, stateBytes = 0, task } = situation;
      const min = policy.minIntervalSeconds ?? 0;
      const max = policy.maxIntervalSeconds ?? Number.POSITIVE_INFINITY;
      const unsaved = since ?? forecast.uptimeSeconds;
      const tooBig = forecast.storedBytes + stateBytes > (policy.storageBudgetBytes ?? 2000);
      const tooSoon = since !== undefined && since < min;
      const critical = task !== undefined && task.criticality >= (policy.criticalityThreshold ?? 2);
      if (tooBig || tooSoon) expect(checkpoint).toBe(false);
      else if (critical || unsaved >= max) expect(checkpoint).toBe(true);
      // Who asks again only then still keeps to the longest interval, unless the shortest is longer.
      if (!tooBig && !tooSoon && !checkpoint)
        expect(nextCheckSeconds).toBeLessThanOrEqual(Math.max(max - unsaved, min - unsaved));
      expect(reason).not.toMatch(/NaN|Infinity|undefined/);
    });
    fc.assert(property, { numRuns: 3000 });
  });

  test("leave every figure finite and none negative", () => {
    const property = fc.property(policies, situations, forecasts, (policy, situation, forecast) => {
      const decision = evaluate(policy, situation, forecast);
      for (const name of ["expectedLossSeconds", "nextCheckSeconds", "failuresPerHour"] as const) {
        expect(Number.isFinite(decision[name])).toBe(true);
        expect(decision[name]).toBeGreaterThanOrEqual(0);
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });

  test("a machine older than any before it is still worth checkpoints", () => {
    const old = { curve: exponentialCurve(1), uptimeSeconds: 1e6, checkpointCostSeconds: 5 };
    expect(evaluate({}, { sinceCheckpointSeconds: 1000 }, old).checkpoint).toBe(true);
  });

  test("the seed's threshold of 0.7 is a fallback of the fixed strategies only", () => {
    const situation = { sinceCheckpointSeconds: 10, task: { name: "t", criticality: 0.8 } };
    expect(new TimeBasedStrategy().shouldCheckpoint(situation, forecast).checkpoint).toBe(true);
    expect(new AdaptiveStrategy().shouldCheckpoint(situation, forecast).checkpoint).toBe(false);
    expect(evaluate({ strategy: "time" }, situation, forecast).checkpoint).toBe(false);
  });
});

describe("criticality", () => {
  test("takes a declaration at its word", () => {
    expect(analyzeTaskCriticality({ criticality: 0.3, seconds: 1e6 })).toEqual({
      criticality: 0.3,
      reasons: ["declared 0.3"],
    });
  });

  test("grows with the time to run again, the fan-out and what cannot be undone, and stays within 0 and 1", () => {
    const of = (facts: object) => analyzeTaskCriticality(facts).criticality;
    expect(of({})).toBe(0);
    expect(of({ seconds: 600 })).toBeCloseTo(0.35);
    expect(of({ seconds: 600, fanOut: 8 })).toBeGreaterThan(of({ seconds: 600 }));
    expect(of({ criticality: 0.1, irreversible: true })).toBeGreaterThan(0.9);
    expect(of({ seconds: 1e9, fanOut: 1e9, irreversible: true })).toBeLessThanOrEqual(1);
    expect(analyzeTaskCriticality({ seconds: 90, fanOut: 3 }).reasons).toEqual([
      "90 s to run again",
      "3 tasks wait for it",
    ]);
  });
});

test("sizes in words", () => {
  expect(["1GB", "512 MiB", "10k", "7", "1.5mb"].map(parseBytes)).toEqual([1e9, 2 ** 29, 10_000, 7, 1.5e6]);
  expect([parseBytes(42.9), parseBytes(-1), parseBytes("a lot"), parseBytes("")]).toEqual([
    42,
    undefined,
    undefined,
    undefined,
  ]);
});

import { describe, expect, test } from "vitest";
import { planChain } from "../../src/checkpointing/declared-plan.ts";
import { survivalAt } from "../../src/checkpointing/hazard/curve.ts";
import {
  addProfiles,
  checkpointSecondsOf,
  checkpointTook,
  failuresPerHour,
  machineDied,
  machineLeft,
  type Profile,
  predictorOf,
  recoverySecondsOf,
  recoveryTook,
  taskSecondsOf,
  taskTook,
} from "../../src/checkpointing/profile.ts";
import { randomStream, weibullGaps } from "./support.ts";

describe("a profile", () => {
  test("is the same in whatever order its increments arrive", () => {
    const parts = [
      machineDied(64),
      machineLeft(128),
      checkpointTook(1e6, 2),
      recoveryTook(4),
      taskTook("a", 8),
    ];
    expect(addProfiles(...parts.toReversed())).toEqual(addProfiles(...parts));
  });

  test("stays within 2 kB after 100,000 increments of every sort", () => {
    const random = randomStream(1);
    let profile: Profile = {};
    for (let i = 0; i < 20_000; i++) {
      const seconds = 10 ** (8 * random());
      const one = [
        machineDied(seconds),
        machineLeft(seconds),
        checkpointTook(1e9 * random(), seconds),
        recoveryTook(seconds),
        taskTook(`task ${i}`, seconds),
      ];
      profile = addProfiles(profile, ...one);
    }
    expect(JSON.stringify(profile).length).toBeLessThanOrEqual(2048);
  });

  test("tells lives that a hundred deaths taught it", () => {
    const gaps = weibullGaps(100, 0.6, 20_000, 3);
    const predictor = predictorOf(addProfiles(...Array.from(gaps, machineDied)), 86_400);
    const sorted = [...gaps].sort((a, b) => a - b);
    for (const share of [0.25, 0.5, 0.75]) {
      expect(survivalAt(predictor.curve(), sorted[share * 100]!)).toBeCloseTo(1 - share, 1);
    }
  });

  test("counts machines that were left alive as such", () => {
    const deaths = Array.from({ length: 5 }, () => machineDied(1000));
    const left = Array.from({ length: 95 }, () => machineLeft(1000));
    const alive = (...parts: Profile[]) =>
      survivalAt(predictorOf(addProfiles(...parts), 86_400).curve(), 700);
    expect(alive(...deaths, ...left)).toBeGreaterThan(0.75);
    expect(alive(...deaths)).toBeLessThan(0.75);
    expect(failuresPerHour(addProfiles(...deaths, ...left), 3600)).toBeCloseTo((3600 * 6) / 103_600);
  });

  test("takes a clock that went backwards as no time at all", () => {
    expect(machineDied(-5)).toEqual(machineDied(0));
    expect(Object.keys(addProfiles(machineDied(-5), machineLeft(-5))).sort()).toEqual(["f0", "n", "s0", "x"]);
  });

  test("draws a line of seconds against bytes", () => {
    const seen = addProfiles(checkpointTook(1e6, 1), checkpointTook(3e6, 2), checkpointTook(5e6, 3));
    expect(checkpointSecondsOf(seen, 9e6, 7)).toBeCloseTo(5);
    expect(checkpointSecondsOf(checkpointTook(1e6, 4), 9e6, 7)).toBe(4);
    expect(checkpointSecondsOf({}, 9e6, 7)).toBe(7);
    expect([recoverySecondsOf(recoveryTook(3), 7), recoverySecondsOf({}, 7)]).toEqual([3, 7]);
    expect([taskSecondsOf(taskTook("a", 3), "a"), taskSecondsOf({}, "a")]).toEqual([3, undefined]);
  });
});

describe("a declared plan", () => {
  const assume = { checkpointSeconds: 2, recoverySeconds: 3 };

  test("becomes a chain whose state is the frontier", () => {
    const tasks = [
      { name: "join", seconds: 5, after: ["left", "right"], bytes: 1 },
      { name: "left", seconds: 10, bytes: 100 },
      { name: "right", seconds: 20, bytes: 1000 },
    ];
    const chain = planChain(tasks, {}, assume)!;
    expect(chain.order).toEqual(["left", "right", "join"]);
    expect(chain.checkpointBytes).toEqual([100, 1100, 1]);
    expect(chain.plan).toEqual({
      taskSeconds: [10, 20, 5],
      checkpointSeconds: [2, 2, 2],
      recoverySeconds: [3, 3, 3],
    });
  });

  test("takes what it does not say from the profile", () => {
    const profile = addProfiles(taskTook("a", 10), taskTook("a", 20), recoveryTook(9));
    expect(planChain([{ name: "a" }], profile, assume)!.plan).toEqual({
      taskSeconds: [15],
      checkpointSeconds: [2],
      recoverySeconds: [9],
    });
  });

  test("is none where a duration is unknown, a name is missing or twice, or tasks wait for each other", () => {
    const seconds = 1;
    expect(planChain([{ name: "a" }], {}, assume)).toBeUndefined();
    expect(planChain([{ name: "a", seconds, after: ["b"] }], {}, assume)).toBeUndefined();
    expect(
      planChain(
        [
          { name: "a", seconds },
          { name: "a", seconds },
        ],
        {},
        assume,
      ),
    ).toBeUndefined();
    expect(
      planChain(
        [
          { name: "a", seconds, after: ["b"] },
          { name: "b", seconds, after: ["a"] },
        ],
        {},
        assume,
      ),
    ).toBeUndefined();
  });
});

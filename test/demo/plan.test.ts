import { expect, test } from "vitest";
import { planStrikes } from "../../demo/plan.ts";

const options = { tasks: 48, paceMs: 250 };
const plans = Array.from({ length: 500 }, (_, seed) => planStrikes({ ...options, seed }));

test("a seed gives the same strikes, another gives others", () => {
  expect(planStrikes({ ...options, seed: 7 })).toEqual(plans[7]);
  expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(plans.length);
});

test("five kills of the pipeline, at each kind of moment, and one of the service", () => {
  for (const plan of plans) {
    const kills = plan.filter(({ target }) => target === "pipeline").map(({ moment }) => moment);
    expect(kills.sort()).toEqual(["resume", "save", "save", "task", "task"]);
    expect(plan.filter(({ target }) => target === "service")).toHaveLength(1);
  }
});

test("strikes come in order, lie apart, and leave tasks to do before and after", () => {
  for (const plan of plans) {
    const places = plan.filter(({ moment }) => moment !== "resume").map(({ task }) => task);
    for (const [index, place] of places.slice(1).entries()) expect(place - places[index]!).toBeGreaterThan(1);
    expect(places[0]).toBeGreaterThan(0);
    expect(places.at(-1)).toBeLessThan(options.tasks - 3);
    const resume = plan.findIndex(({ moment }) => moment === "resume");
    expect(plan[resume - 1]?.target).toBe("pipeline");
  }
});

test("a delay stays within the task it is meant for", () => {
  for (const { delayMs } of plans.flat()) {
    expect(delayMs).toBeGreaterThanOrEqual(0);
    expect(delayMs).toBeLessThan(options.paceMs);
  }
});

import { expect, test } from "vitest";
import { look, type MetricsTotals, ratesOf, type Standing } from "../../src/monitoring/alert-rules.ts";

/** How an alert stands after each of these values, a minute apart. */
function course(values: (number | null)[], threshold = 10): Standing[] {
  const course: Standing[] = [];
  for (const [minute, value] of values.entries())
    course.push(look(course.at(-1), value, threshold, `minute ${minute}`));
  return course;
}

const firing = (values: (number | null)[], threshold?: number) =>
  course(values, threshold)
    .map((each) => (each.firing ? "F" : "-"))
    .join("");

test("it fires above its threshold at once, and not at it", () => {
  expect(firing([0, 10, 10.1])).toBe("--F");
  expect(course([0, 11, 12])[2]).toMatchObject({ since: "minute 1", value: 12 });
});

test("it ends after five looks in a row well below: what goes up and down about the threshold is one alert", () => {
  expect(firing([11, 9, 11, 9, 11, 9, 9, 9, 9, 9, 9])).toBe("FFFFFFFFFFF");
  expect(firing([11, 8, 8, 8, 8, 9, 8, 8, 8, 8, 8, 8])).toBe("FFFFFFFFFF--");
  expect(course([11, 8, 8, 8, 8, 8])[5]).toMatchObject({ firing: false, since: null, calm: 0 });
  expect(firing([1, 0, 0, 0, 0, 0], 0)).toBe("FFFFF-");
});

test("what was not measured changes nothing", () => {
  expect(firing([null, null])).toBe("--");
  expect(firing([11, 8, 8, null, null, 8, 8, 8])).toBe("FFFFFFF-");
});

test("rates are of what happened since the last look; counters that were cleared tell nothing", () => {
  const totals = (operations: number, errors: number): MetricsTotals => ({
    ...{ operations, errors, checkpoints: operations / 10, checkpointSeconds: operations / 5 },
    storageUsage: 0.5,
  });
  const none = { checkpointTime: null, errorRate: null, storageUsage: null };
  expect(ratesOf(null, null)).toEqual(none);
  expect(ratesOf(null, totals(100, 5))).toEqual({ ...none, storageUsage: 0.5 });
  expect(ratesOf(totals(100, 5), totals(200, 35))).toEqual({
    ...{ checkpointTime: 2, errorRate: 0.3, storageUsage: 0.5 },
  });
  expect(ratesOf(totals(100, 5), totals(100, 5))).toEqual({ ...none, storageUsage: 0.5 });
  expect(ratesOf(totals(100, 5), totals(10, 1))).toEqual({ ...none, storageUsage: 0.5 });
});

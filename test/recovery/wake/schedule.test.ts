import { expect, it } from "vitest";
import { nextAttempt } from "../../../src/recovery/wake/schedule.ts";

const longest = () => 1;
const waits = (policy: Parameters<typeof nextAttempt>[1], random = longest) =>
  Array.from({ length: 9 }, (_, i) => nextAttempt(i + 1, policy, random));

it("doubles up to an hour, then gives up", () => {
  expect(waits({})).toEqual([30, 60, 120, 240, 480, 960, 1920, null, null]);
  expect(waits({ maxAttempts: 1000 })).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
  expect(nextAttempt(999, { maxAttempts: 1000 }, longest)).toBe(3600);
  expect(waits({ maxAttempts: 1 })).toEqual(Array(9).fill(null));
});

it("starts from the wait it was given, even one longer than an hour", () => {
  expect(nextAttempt(1, { backoffSeconds: 7200 }, longest)).toBe(7200);
  expect(nextAttempt(3, { backoffSeconds: 7200 }, longest)).toBe(7200);
  expect(nextAttempt(3, { backoffSeconds: 0 }, longest)).toBe(0);
});

it("takes any moment of the wait, but none before the receiver wants it", () => {
  expect(nextAttempt(2, {}, () => 0)).toBe(0);
  expect(nextAttempt(2, {}, () => 0.25)).toBe(15);
  expect(nextAttempt(2, { retryAfterSeconds: 40 }, () => 0.25)).toBe(40);
  expect(nextAttempt(2, { retryAfterSeconds: 40 }, longest)).toBe(60);
  expect(nextAttempt(8, { retryAfterSeconds: 40 }, longest)).toBeNull();
  const drawn = Array.from({ length: 1000 }, () => nextAttempt(3)!);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(120);
  expect(drawn.reduce((sum, wait) => sum + wait) / 1000 / 60).toBeCloseTo(1, 0);
});

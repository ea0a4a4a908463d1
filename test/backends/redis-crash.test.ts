import { expect, test } from "vitest";
import { crashRounds } from "../support/crash-redis.ts";

test("three crashes under eight writers lose nothing that was acknowledged", async () => {
  const report = await crashRounds(3);
  expect(report.lost).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(100);
}, 120_000);

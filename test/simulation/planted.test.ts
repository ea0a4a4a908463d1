import { afterEach, describe, expect, test, vi } from "vitest";
import { noDigest } from "../backends/planted.ts";
import { PLANTED } from "./planted.ts";
import { SEED, seedsToFind, TIMEOUT } from "./seeds.ts";

const planted = vi.hoisted(() => ({ noDigest: false }));

vi.mock(import("../../src/frames/frame.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    decodeFrame: (key, record, stored, options) =>
      planted.noDigest ? noDigest(key, record, stored) : real.decodeFrame(key, record, stored, options),
  };
});

afterEach(() => {
  planted.noDigest = false;
});

describe.skipIf(SEED !== undefined)("planted mistakes are found within 1,000 seeds", () => {
  test.each(Object.entries(PLANTED))("%s", { timeout: TIMEOUT }, async (name, plant) => {
    const found = await seedsToFind(plant, 1000);
    console.log(`${name}: ${found?.seeds} seeds, invariant ${found?.invariant}: ${found?.message}`);
    expect(plant.seenAs).toContain(found?.invariant);
  });

  test("no digest is compared", { timeout: TIMEOUT }, async () => {
    planted.noDigest = true;
    const found = await seedsToFind({ weather: { laterRelease: 0 } }, 1000);
    console.log(
      `no digest is compared: ${found?.seeds} seeds, invariant ${found?.invariant}: ${found?.message}`,
    );
    expect(found?.invariant).toBe(5);
  });
});

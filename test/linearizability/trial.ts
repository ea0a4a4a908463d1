import { expect } from "vitest";
import { runTrial } from "./run.ts";

/** Of a busy machine; else it takes a fifth of that. */
export const TIMEOUT = { timeout: 120_000 };
const OPERATIONS = 120;

/** A short trial of a store: every history is to be explained, and there is to be something to explain. */
export async function expectLinearizable(store: string): Promise<void> {
  const trial = await runTrial({ store, seconds: 5, operations: OPERATIONS });
  expect(trial.smallest).toBe(null);
  expect(trial).toMatchObject({ violations: 0, undecided: 0 });
  expect(trial.answered).toBeGreaterThanOrEqual(OPERATIONS);
  expect(trial.stops).toBeGreaterThan(0);
}

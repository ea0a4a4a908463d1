import { expect, test } from "vitest";
import { runTrial } from "./run.ts";
import { TIMEOUT } from "./trial.ts";

test("services that read, and then write, are caught", TIMEOUT, async () => {
  const trial = await runTrial({ store: "folder", seconds: 5, operations: 300, planted: "readThenWrite" });
  expect(trial.violations).toBeGreaterThan(0);
  expect(trial.smallest).toMatch(/save/);
});

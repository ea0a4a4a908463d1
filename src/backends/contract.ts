import { decodeFrame } from "../frames/frame.ts";
import { chainChecks } from "./contract/chains.ts";
import { checkpointChecks } from "./contract/checkpoints.ts";
import { dueChecks } from "./contract/due.ts";
import { fenceChecks } from "./contract/fences.ts";
import { frameChecks } from "./contract/frames.ts";
import { headChecks } from "./contract/heads.ts";
import { listChecks } from "./contract/lists.ts";
import { raceChecks } from "./contract/races.ts";
import { sumsChecks } from "./contract/sums.ts";
import { type Check, type Context, type Expect, type Subject, uniqueTenant } from "./contract/support.ts";
import { writeChecks } from "./contract/writes.ts";

export type { Check, Subject } from "./contract/support.ts";

/** What a test runner has to lend: the suite runs in vitest, in Node's own runner, in workerd. */
export interface Harness {
  describe(name: string, body: () => void): unknown;
  it(name: string, run: () => Promise<void>, timeoutMilliseconds?: number): unknown;
  expect: Expect;
}

/** The storage contract, one named property each. */
export const CONTRACT: Readonly<Record<string, readonly Check[]>> = {
  heads: headChecks,
  writes: writeChecks,
  fences: fenceChecks,
  checkpoints: checkpointChecks,
  frames: frameChecks,
  chains: chainChecks,
  lists: listChecks,
  due: dueChecks,
  sums: sumsChecks,
  races: raceChecks,
};

const TIMEOUT = 60_000;

/**
 * The contract suite: a driver is done when it passes against the real store. Everything goes through
 * `StorageBackend`, and every check has a tenant of its own, so `make` may open one shared store again and again.
 */
export function backendContract(make: () => Promise<Subject>, harness: Harness): void {
  const { describe, it, expect } = harness;
  for (const [group, checks] of Object.entries(CONTRACT)) {
    describe(`storage contract: ${group}`, () => {
      for (const check of checks) it(check.name, () => runCheck(check, make, expect), TIMEOUT);
    });
  }
}

/**
 * Runs one check on a store of its own; rejects when the store does not have the property.
 *
 * @param decode how frames are checked. @default decodeFrame
 */
export async function runCheck(
  check: Check,
  make: () => Promise<Subject>,
  expect: Expect,
  decode: Context["decode"] = decodeFrame,
): Promise<void> {
  const subject = await make();
  const { cleanup, ...rest } = subject;
  try {
    await check.run({ ...rest, expect, decode, tenant: uniqueTenant() });
  } finally {
    await cleanup?.call(subject);
  }
}

import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CONTRACT, runCheck, type Subject } from "../../src/backends/contract.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { agreement } from "../model-based/agreement.ts";
import { memoryStore } from "../model-based/stores.ts";
import { damageable } from "./damageable.ts";
import {
  type Bug,
  eagerCollector,
  lostAdditions,
  noBase,
  noDigest,
  noFence,
  noReplay,
  noTenant,
  noTombstone,
  readThenWrite,
} from "./planted.ts";

const planted = vi.hoisted(() => ({ noDigest: false }));

vi.mock(import("../../src/frames/frame.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    decodeFrame: (key, record, stored) =>
      planted.noDigest ? noDigest(key, record, stored) : real.decodeFrame(key, record, stored),
  };
});

afterEach(() => {
  planted.noDigest = false;
});

const correct: Bug = (backend) => backend;

function subject(bug: Bug): Subject {
  let now = Date.parse("2026-11-23T08:00:00Z");
  const clock = () => now;
  const { backend, damage } = damageable(memoryBackend({ now: clock }));
  const advance = async (seconds: number) => {
    now += seconds * 1000;
  };
  return { backend: bug(backend, clock), damage, advance };
}

/** The checks of the contract that a store does not pass. */
async function failures(bug: Bug, decode?: typeof noDigest): Promise<string[]> {
  const failed: string[] = [];
  for (const check of Object.values(CONTRACT).flat()) {
    await runCheck(check, async () => subject(bug), expect, decode).catch(() => failed.push(check.name));
  }
  return failed;
}

/** How many runs the model needs to find a store out; null when it does not. */
async function runsToFind(bug: Bug, atMost: number): Promise<number | null> {
  const property = agreement(() => memoryStore(bug));
  const { failed, numRuns } = await fc.check(property, { numRuns: atMost, seed: 1, endOnFailure: true });
  return failed ? numRuns : null;
}

describe("planted bugs are caught by the contract suite", () => {
  test("none is seen where there is none", async () => {
    expect(await failures(correct)).toEqual([]);
  });

  test.each<[string, Bug, string]>([
    ["no fence", noFence, "with a stale fence every write is refused"],
    ["no fence", noFence, "under a live lease every write without the fence is refused"],
    ["no fence", noFence, "50 writers and a moving fence"],
    ["read, then write", readThenWrite, "50 contenders for one version: one wins"],
    ["read, then write", readThenWrite, "50 creates: one makes it"],
    ["no replay", noReplay, "a commit that is sent again is applied once"],
    ["no replay", noReplay, "one write id 20 times at once"],
    ["no tombstone", noTombstone, "a deleted pipeline leaves a tombstone"],
    ["no tombstone", noTombstone, "a pipeline started anew goes on counting"],
    ["no base", noBase, "a delta lands only upon the very frame that it is made for"],
    ["no tenant", noTenant, "a tenant sees only its own"],
    ["no tenant", noTenant, "tenants and scopes have sums of their own"],
    ["additions that are lost", lostAdditions, "20 writers at once lose no count"],
    [
      "a frame dropped while it is named",
      eagerCollector,
      "a frame is kept while state, history or a checkpoint",
    ],
  ])("%s: %#", async (_name, bug, check) => {
    const failed = await failuresOf(bug);
    expect(failed.filter((name) => name.startsWith(check))).not.toEqual([]);
  });

  test("no digest", async () => {
    expect(await failures(correct, noDigest)).toEqual([
      "damage to stored bytes is found, and never served",
      "damage to any frame of a chain is found, and named",
    ]);
  });
});

const known = new Map<Bug, Promise<string[]>>();

function failuresOf(bug: Bug): Promise<string[]> {
  const found = known.get(bug) ?? failures(bug);
  known.set(bug, found);
  return found;
}

describe("planted bugs are found by the model within 200 runs", () => {
  test.each<[string, Bug]>([
    ["no fence", noFence],
    ["no replay", noReplay],
    ["no tombstone", noTombstone],
    ["no tenant", noTenant],
    ["a frame dropped while it is named", eagerCollector],
  ])("%s", async (_name, bug) => {
    expect(await runsToFind(bug, 200)).not.toBeNull();
  });

  test("no digest", async () => {
    expect(await runsToFind(correct, 50)).toBeNull();
    planted.noDigest = true;
    expect(await runsToFind(correct, 200)).not.toBeNull();
  });
});

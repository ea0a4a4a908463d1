import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainBytes, chainOf } from "../../../src/model/chain.ts";
import type { FrameRef } from "../../../src/model/frame.ts";
import { maybePrune } from "../../../src/model/maybe-prune.ts";
import type { Retention } from "../../../src/model/pipeline.ts";
import { type Candidate, toDrop } from "../../../src/recovery/retention/plan.ts";

const NOW = Date.parse("2026-11-23T08:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

/** The frame at a depth of a chain, each of so many bytes. */
function frame(chain: number, depth = 0, bytes = 10): FrameRef {
  const links = Array(depth).fill(`${bytes.toString(36)}-x`);
  const base = { codec: "raw", bytes };
  const rest = { links: links.join("."), storedBytes: bytes * (depth + 1), base, full: base as never };
  return {
    frameId: `${chain}-c.${depth}`,
    ...{ codec: "raw", storedSha256: "", storedBytes: bytes, seal: "", version: chain + depth },
    ...(depth > 0 ? { chain: { ...rest, unverified: 0 } } : {}),
  };
}

function candidate(sequence: number, over: Partial<Candidate> = {}): Candidate {
  return {
    checkpointId: `c${sequence}`,
    sequence,
    createdAt: ago(1000 - sequence),
    source: "state",
    quarantinedAt: null,
    frame: frame(sequence),
    ...over,
  };
}

const many = (count: number) => Array.from({ length: count }, (_, i) => candidate(i + 1));
const dropped = (all: readonly Candidate[], retention: Retention, more: object = {}) =>
  toDrop(all, retention, { now: NOW, ...more }).drop.map(({ checkpointId, reason }) => [
    checkpointId,
    reason,
  ]);

const candidates = fc
  .array(
    fc.record({
      age: fc.integer({ min: 0, max: 4_000_000 }),
      data: fc.boolean(),
      bad: fc.option(fc.integer({ min: 0, max: 200_000 })),
      sameChain: fc.boolean(),
      bytes: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 40 },
  )
  .map((drafts) => {
    let [chain, depth] = [0, 0];
    return drafts
      .toSorted((a, b) => b.age - a.age)
      .map(({ age, data, bad, sameChain, bytes }, i) => {
        if (sameChain && i > 0 && !data) depth += 1;
        else [chain, depth] = [i + 1, 0];
        return candidate(i + 1, {
          createdAt: ago(age),
          source: data ? "data" : "state",
          quarantinedAt: bad === null ? null : ago(Math.min(bad, age)),
          frame: frame(chain, depth, bytes),
        });
      });
  });

const retentions: fc.Arbitrary<Retention> = fc.record(
  {
    keepLast: fc.integer({ min: 1, max: 20 }),
    keepForSeconds: fc.integer({ min: 0, max: 1_000_000 }),
    maxBytes: fc.integer({ min: 0, max: 20_000 }),
    thin: fc.boolean(),
  },
  { requiredKeys: [] },
);

describe("toDrop", () => {
  it("keeps the newest, 100 when nothing is said", () => {
    expect(dropped(many(102), {})).toEqual([
      ["c2", "keepLast"],
      ["c1", "keepLast"],
    ]);
    expect(dropped(many(5), { keepLast: 3 })).toEqual([
      ["c2", "keepLast"],
      ["c1", "keepLast"],
    ]);
    expect(dropped([], {})).toEqual([]);
  });

  it("keeps the young, however many", () => {
    const retention = { keepLast: 1, keepForSeconds: 998 };
    expect(dropped(many(5), retention)).toEqual([
      ["c2", "keepForSeconds"],
      ["c1", "keepForSeconds"],
    ]);
  });

  it("thins what the others would drop", () => {
    const { keep, drop } = toDrop(many(900), { keepLast: 10, thin: true }, { now: NOW });
    const rules = Map.groupBy(keep, ({ rule }) => rule);
    expect(rules.get("keepLast")).toHaveLength(10);
    expect(rules.get("thin")!.length).toBeGreaterThan(5);
    expect(rules.get("thin")!.length).toBeLessThan(20);
    expect(drop.every(({ reason }) => reason === "thin")).toBe(true);
  });

  it("makes room by whole chains, the oldest first, and not where that frees nothing", () => {
    const all = [
      candidate(1, { frame: frame(1) }),
      candidate(2, { frame: frame(1, 1) }),
      candidate(3, { frame: frame(3) }),
      candidate(4, { frame: frame(3, 5) }),
    ];
    expect(dropped(all, { maxBytes: 79 })).toEqual([
      ["c2", "maxBytes"],
      ["c1", "maxBytes"],
    ]);
    expect(dropped(all, { maxBytes: 80 })).toEqual([]);
    expect(dropped(all, { maxBytes: 60 }, { verify: new Set(["c1"]) })).toEqual([
      ["c4", "maxBytes"],
      ["c3", "maxBytes"],
    ]);
    expect(dropped(all, { maxBytes: 0 }, { held: [frame(3, 9)] })).toEqual([
      ["c2", "maxBytes"],
      ["c1", "maxBytes"],
    ]);
    // The head's chain has grown since, and counts.
    expect(dropped(all, { maxBytes: 119 }, { held: [frame(3, 9)] })).toHaveLength(2);
  });

  it("lets the quarantined go after a day, and first where bytes are short", () => {
    const bad = (sequence: number, seconds: number) =>
      candidate(sequence, { quarantinedAt: ago(seconds), createdAt: ago(200_000) });
    const all = [candidate(1), bad(2, 86_399), bad(3, 86_401), candidate(4)];
    expect(dropped(all, { keepLast: 2 })).toEqual([["c3", "quarantined"]]);
    expect(dropped(all, { keepLast: 2, keepForSeconds: 90_000 })).toEqual([]);
    expect(dropped(all, { keepLast: 2, maxBytes: 20 })).toEqual([
      ["c3", "quarantined"],
      ["c2", "maxBytes"],
    ]);
  });

  it("drops each or keeps it, and never what recovery rests on", () => {
    const property = fc.property(candidates, retentions, fc.nat(), (all, retention, seed) => {
      const whole = all.filter(({ quarantinedAt }) => quarantinedAt === null);
      const verify = new Set(whole.filter((_, i) => (seed >> (i % 20)) & 1).map((one) => one.checkpointId));
      const plan = toDrop(all, retention, { now: NOW, verify });
      const both = [...plan.drop, ...plan.keep].map(({ checkpointId }) => checkpointId);
      expect(both.sort()).toEqual(all.map(({ checkpointId }) => checkpointId).sort());
      for (const { checkpointId } of plan.drop) expect(verify.has(checkpointId)).toBe(false);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("keeps within maxBytes, but for what must stay, and takes no chain that it need not", () => {
    const property = fc.property(candidates, fc.nat(20_000), (all, maxBytes) => {
      const verify = new Set(all.slice(0, 1).map(({ checkpointId }) => checkpointId));
      const bytes = chainBytes(all.map((one) => one.frame));
      const { keep, drop } = toDrop(all, { keepLast: 1000, maxBytes }, { now: NOW, verify });
      const chainsOf = (ids: readonly { checkpointId: string }[]) =>
        new Set(
          ids.map(({ checkpointId }) => chainOf(all.find((one) => one.checkpointId === checkpointId)!.frame)),
        );
      const kept = chainsOf(keep);
      const total = [...kept].reduce((sum, chain) => sum + bytes.get(chain)!, 0);
      const rested = new Set(all.slice(0, 1).map((one) => chainOf(one.frame)));
      expect(total <= maxBytes || [...kept].every((chain) => rested.has(chain))).toBe(true);
      const forRoom = chainsOf(drop.filter(({ reason }) => reason === "maxBytes"));
      for (const chain of forRoom) expect(kept.has(chain)).toBe(false);
      // With the last of them it did not fit.
      const largest = Math.max(...[...forRoom].map((chain) => bytes.get(chain)!));
      if (forRoom.size > 0) expect(total + largest).toBeGreaterThan(maxBytes);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("drops nothing more when it is asked again at once", () => {
    const property = fc.property(candidates, retentions, (all, retention) => {
      const { keep } = toDrop(all, retention, { now: NOW });
      const left = all.filter((one) => keep.some(({ checkpointId }) => checkpointId === one.checkpointId));
      expect(toDrop(left, retention, { now: NOW }).drop).toEqual([]);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe("maybePrune", () => {
  const head = (checkpointCount: number, retention: Retention = {}, storedBytes = 10) =>
    ({
      deleted: false,
      retention,
      checkpointCount,
      createdAt: ago(100_000),
      lastCheckpoint: { storedBytes },
    }) as Parameters<typeof maybePrune>[0];

  it("waits until an eighth more is there than the rules keep", () => {
    expect(maybePrune(head(112), NOW)).toBe(false);
    expect(maybePrune(head(113), NOW)).toBe(true);
    expect(maybePrune(head(2, { keepLast: 1 }), NOW)).toBe(false);
    expect(maybePrune(head(3, { keepLast: 1 }), NOW)).toBe(true);
    expect(maybePrune({ ...head(113), deleted: true }, NOW)).toBe(false);
  });

  it("knows that the young stay, and how much thinning keeps", () => {
    expect(maybePrune(head(500, { keepForSeconds: 100_001 }), NOW)).toBe(false);
    expect(maybePrune(head(500, { keepForSeconds: 99_999 }), NOW)).toBe(true);
    const kept = toDrop(many(900), { keepLast: 10, thin: true }, { now: NOW }).keep.length;
    expect(maybePrune(head(kept, { keepLast: 10, thin: true }), NOW)).toBe(false);
    expect(maybePrune(head(900, { keepLast: 10, thin: true }), NOW)).toBe(true);
  });

  it("looks when bytes may be short", () => {
    expect(maybePrune(head(10, { maxBytes: 99 }), NOW)).toBe(true);
    expect(maybePrune(head(10, { maxBytes: 100 }), NOW)).toBe(false);
  });
});

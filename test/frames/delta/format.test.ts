import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { applyDelta } from "../../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { inspectDelta } from "../../../src/frames/delta/inspect.ts";
import { fromHex, toHex } from "../../../src/frames/digest.ts";
import { edit, items, json, randomFrom } from "./versions.ts";

/** Bytes of format 1. They are never changed: stored deltas must stay readable. */
interface Golden {
  about: string;
  base: string;
  target: string;
  delta: string;
}

const url = new URL("golden.json", import.meta.url);
const golden: Golden[] = JSON.parse(readFileSync(url, "utf8"));

describe("format 1", () => {
  test.each(golden)("$about", ({ base, target, delta }) => {
    const bytes = fromHex(delta)!;
    expect(toHex(applyDelta(fromHex(base)!, bytes, 10_000))).toBe(target);
    expect(inspectDelta(bytes).targetBytes).toBe(target.length / 2);
  });

  test.each(golden)("the encoder still makes it: $about", ({ base, target, delta }) => {
    expect(toHex(encodeDelta(fromHex(base)!, fromHex(target)!))).toBe(delta);
  });

  test("is as documented", () => {
    const text = (words: string) => new TextEncoder().encode(words);
    const base = text("the quick brown fox jumps over the lazy dog");
    const header = [0xcd, 1, 37, 43, 7];
    // Copies 10 from the start, inserts 3, copies 21 from 6 past the place expected (10 + 3), inserts 3.
    const operations = [0, 2 * 10, 3, 2 * 21 + 1, 2 * 6, 3, 2 * 0];
    const delta = Uint8Array.from([...header, ...operations, ...text("redcat")]);
    const target = "the quick red jumps over the lazy cat";
    expect(new TextDecoder().decode(applyDelta(base, delta, 100))).toBe(target);
    const facts = { targetBytes: 37, copiedBytes: 31, insertedBytes: 6, baseBytesNeeded: 43 };
    expect(inspectDelta(delta)).toEqual(facts);
  });
});

describe("a delta is small", () => {
  test("a few bytes an edit", () => {
    const random = randomFrom(3);
    const records = items(5000, random);
    const base = json(records);
    const edits = edit(records, 0.02, random).length;
    expect(encodeDelta(base, json(records)).length).toBeLessThan(16 * edits + 20);
  });

  test("a record that goes, comes or moves costs no more than itself", () => {
    const random = randomFrom(4);
    const records = items(3000, random);
    const base = json({ records, end: 1 });
    const without = json({ records: records.toSpliced(1000, 1), end: 2 });
    expect(encodeDelta(base, without).length).toBeLessThan(30);
    expect(encodeDelta(without, base).length).toBeLessThan(220);
    const moved = records.toSpliced(1000, 1).toSpliced(2500, 0, records[1000]!);
    expect(encodeDelta(base, json({ records: moved, end: 2 })).length).toBeLessThan(220);
  });

  test("equal contents cost a header", () => {
    expect(encodeDelta(new Uint8Array(5e6), new Uint8Array(5e6)).length).toBeLessThan(20);
  });
});

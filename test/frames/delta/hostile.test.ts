import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta } from "../../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { DeltaError } from "../../../src/frames/delta/format.ts";
import { inspectDelta } from "../../../src/frames/delta/inspect.ts";
import { HOSTILE, repeating } from "./hostile.ts";
import { randomPairOf } from "./pairs.ts";
import { noise, randomFrom } from "./versions.ts";

const MB = 1024 * 1024;
const base = noise(100, randomFrom(1));

describe("a hostile delta is refused", () => {
  test.each(HOSTILE)("%s", (_name, delta, message) => {
    expect(() => applyDelta(base, delta, 200)).toThrow(DeltaError);
    expect(() => applyDelta(base, delta, 200)).toThrow(message);
  });

  test("whatever is wrong with it but the base and the limit, without the base too", () => {
    for (const [name, delta, message] of HOSTILE) {
      if (/base of another|more than may be/.test(name)) continue;
      expect(() => inspectDelta(delta), name).toThrow(message);
    }
  });

  test("cut off at any byte, or with one more", () => {
    const { base: from, target } = randomPairOf(800, randomFrom(6));
    const delta = encodeDelta(from, target);
    for (let end = 0; end < delta.length; end++) {
      expect(() => inspectDelta(delta.subarray(0, end))).toThrow(DeltaError);
    }
    expect(() => inspectDelta(Uint8Array.of(...delta, 0))).toThrow(DeltaError);
  });

  test("or what it makes has the length it says, and nothing else is thrown", () => {
    const noisy = fc.uint8Array({ maxLength: 60 }).map((tail) => Uint8Array.of(0xcd, 1, ...tail));
    const bent = fc.tuple(fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }));
    const flipped = bent.map(([seed, edits]) => {
      const pair = randomPairOf(300, randomFrom(seed));
      const delta = encodeDelta(pair.base, pair.target);
      for (const [at, byte] of edits) delta[at % delta.length] = byte;
      return delta;
    });
    fc.assert(
      fc.property(fc.oneof(noisy, flipped), (delta) => {
        try {
          const { targetBytes, baseBytesNeeded } = inspectDelta(delta);
          if (targetBytes > MB || baseBytesNeeded > MB) return true;
          return applyDelta(new Uint8Array(baseBytesNeeded), delta, MB).length === targetBytes;
        } catch (error) {
          return error instanceof DeltaError;
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("in no memory and little time, whatever lengths it claims", () => {
    const whole = new Uint8Array(4 * MB);
    const twoGigabytes = repeating(whole.length, 511);
    const manyOperations = repeating(1, 500_000);
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    for (let i = 0; i < 100; i++)
      expect(() => applyDelta(whole, twoGigabytes, 25 * MB)).toThrow(/longer than/);
    for (let i = 0; i < 5; i++) expect(() => applyDelta(whole, manyOperations, 25 * MB)).toThrow(/another/);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MB);
  });

  test("by one byte too many, and taken at the limit", () => {
    const delta = repeating(base.length, 500);
    expect(applyDelta(base, delta, 50_000).length).toBe(50_000);
    expect(() => applyDelta(base, delta, 49_999)).toThrow(DeltaError);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta } from "../../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { DeltaError } from "../../../src/frames/delta/format.ts";
import { inspectDelta } from "../../../src/frames/delta/inspect.ts";
import { randomPairOf } from "./pairs.ts";
import { noise, randomFrom } from "./versions.ts";

const MB = 1024 * 1024;
const base = noise(100, randomFrom(1));

/** The varint of a number, for deltas made by hand. */
function v(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...v(Math.floor(value / 128))];
}

function byHand(targetBytes: number, baseBytes: number, ops: number[], literals: number[] = []): Uint8Array {
  return Uint8Array.from([
    0xcd,
    1,
    ...v(targetBytes),
    ...v(baseBytes),
    ...v(ops.length),
    ...ops,
    ...literals,
  ]);
}

/** Makes the base that many times over: each copy but the first moves back by the base's length. */
function repeating(baseBytes: number, times: number): Uint8Array {
  const again = [0, ...v(2 * baseBytes + 1), ...v(2 * baseBytes - 1)];
  const ops = Array.from({ length: times }, (_, i) => (i === 0 ? [0, ...v(2 * baseBytes)] : again));
  return byHand(baseBytes * times, baseBytes, ops.flat());
}

const refused: [string, Uint8Array, RegExp][] = [
  ["nothing", new Uint8Array(0), /cut off/],
  ["another magic byte", Uint8Array.of(0xce, 1, 0, 0, 0), /not a delta/],
  ["another version", Uint8Array.of(0xcd, 2, 0, 0, 0), /version/],
  ["a base of another length", byHand(10, 99, [0, 20]), /another length/],
  ["more than may be", repeating(100, 3), /longer than it may be/],
  ["lengths past 31 bits", byHand(2 ** 31, 100, [0, 20]), /more bytes than/],
  ["a base past 31 bits", byHand(10, 2 ** 31, [0, 20]), /more bytes than/],
  ["a copy past the base's end", byHand(101, 100, [0, ...v(202)]), /outside the base/],
  ["a copy moved past the base's end", byHand(10, 100, [0, 21, ...v(2 * 91)]), /outside the base/],
  ["a copy before the base's start", byHand(10, 100, [0, 21, 1]), /outside the base/],
  ["a huge copy", byHand(10, 100, [0, ...v(2 ** 32)]), /more than the target/],
  ["a copy longer than the target", byHand(10, 100, [0, 22]), /more than the target/],
  ["an insert longer than the target", byHand(1, 100, [2, 0], [1, 2]), /more than the target/],
  ["an insert longer than the literals", byHand(3, 100, [3, 0], [1, 2]), /than there are literals/],
  ["literals left over", byHand(1, 100, [1, 0], [1, 2]), /nothing inserts/],
  ["bytes after an empty target", byHand(0, 100, [], [1]), /nothing inserts/],
  ["operations left over", byHand(1, 100, [1, 0, 0, 2], [1]), /after the target's end/],
  ["operations that end too soon", byHand(20, 100, [0, 20]), /cut off/],
  ["operations longer than the delta", Uint8Array.of(0xcd, 1, 1, 1, 9, 0, 2), /longer than the delta/],
  ["an operation that does nothing", byHand(10, 100, [0, 0, 0, 20]), /copies nothing/],
  ["an insert that others follow", byHand(2, 100, [1, 0, 1, 0], [1, 2]), /copies nothing/],
  ["a move of nothing", byHand(1, 100, [1, 1, 2], [1]), /copies nothing/],
  ["a move by nothing", byHand(10, 100, [0, 21, 0]), /moved by nothing/],
  ["a number that is too long", byHand(10, 100, [128, 128, 128, 128, 128, 0]), /too long/],
  ["a number longer than it need be", byHand(10, 100, [0x80, 0, 20]), /longer than it need be/],
];

describe("a hostile delta is refused", () => {
  test.each(refused)("%s", (_name, delta, message) => {
    expect(() => applyDelta(base, delta, 200)).toThrow(DeltaError);
    expect(() => applyDelta(base, delta, 200)).toThrow(message);
  });

  test("whatever is wrong with it but the base and the limit, without the base too", () => {
    for (const [name, delta, message] of refused) {
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

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta } from "../../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { inspectDelta } from "../../../src/frames/delta/inspect.ts";
import { content } from "../contents.ts";
import { firstProblem, randomPair, randomPairOf } from "./pairs.ts";
import { randomFrom, type Versions } from "./versions.ts";

const SEED = 20261123;
const PAIRS = 4000;

function problem(pair: Versions): string | null {
  const delta = encodeDelta(pair.base, pair.target);
  return firstProblem(pair, delta, applyDelta(pair.base, delta, pair.target.length), inspectDelta(delta));
}

describe("what a delta makes of the base is the target", () => {
  test("for contents of all sorts", () => {
    fc.assert(fc.property(content, content, (base, target) => problem({ base, target }) === null));
  });

  test("for a content put together from pieces of another", () => {
    const pieces = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 40 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(content, pieces, (base, parts) => {
        const bytes = parts.flatMap(([from, length, fresh]) => {
          const start = from % (base.length + 1);
          return [...base.subarray(start, start + (length % 500)), ...fresh];
        });
        return problem({ base, target: Uint8Array.from(bytes) }) === null;
      }),
    );
  });

  test("for views into the middle of a larger buffer", () => {
    const random = randomFrom(SEED + 1);
    for (let offset = 0; offset < 9; offset++) {
      const { base, target } = randomPairOf(3000, random);
      const shifted = (bytes: Uint8Array, by: number) => {
        const room = new Uint8Array(bytes.length + by + 5).fill(255);
        room.set(bytes, by);
        return room.subarray(by, by + bytes.length);
      };
      expect(problem({ base: shifted(base, offset), target: shifted(target, 3) })).toBeNull();
    }
  });

  test(`for ${PAIRS} random pairs`, { timeout: 60_000 }, () => {
    const random = randomFrom(SEED);
    for (let i = 0; i < PAIRS; i++) {
      const found = problem(randomPair(random));
      if (found !== null) expect.fail(`pair ${i} of seed ${SEED}: ${found}`);
    }
  });

  test("for pairs of 5 MB", { timeout: 60_000 }, () => {
    const random = randomFrom(SEED + 2);
    for (let i = 0; i < 6; i++) expect(problem(randomPairOf(5 * 1024 * 1024, random))).toBeNull();
  });
});

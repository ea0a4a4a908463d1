/** The varint of a number, for deltas made by hand. */
function v(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...v(Math.floor(value / 128))];
}

/** A delta of whatever it is said to be. */
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
export function repeating(baseBytes: number, times: number): Uint8Array {
  const again = [0, ...v(2 * baseBytes + 1), ...v(2 * baseBytes - 1)];
  const ops = Array.from({ length: times }, (_, i) => (i === 0 ? [0, ...v(2 * baseBytes)] : again));
  return byHand(baseBytes * times, baseBytes, ops.flat());
}

/** Deltas for a base of 100 bytes and a target of 200 at most, and what they are refused with. */
export const HOSTILE: readonly [name: string, delta: Uint8Array, message: RegExp][] = [
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

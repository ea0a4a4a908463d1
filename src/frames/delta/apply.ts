import { DeltaError } from "./format.ts";
import { inspectDelta } from "./inspect.ts";
import { walkDelta } from "./walk.ts";

/** Below this, a loop is faster than a view and a native copy. */
const SHORT = 48;

/**
 * The target that the delta makes of the base. All of the delta is checked before anything is allocated, so a
 * hostile one costs no memory, and time in proportion to its own length.
 *
 * @param maxBytes the longest target that is acceptable
 * @param room where the target is put if it has room for it, else in a new array; holds nothing of the base
 * @throws DeltaError when the delta is damaged, for another base, or makes more than `maxBytes`
 */
export function applyDelta(
  base: Uint8Array,
  delta: Uint8Array,
  maxBytes: number,
  room?: Uint8Array,
): Uint8Array {
  const { targetBytes, baseBytesNeeded } = inspectDelta(delta);
  if (baseBytesNeeded !== base.length) throw new DeltaError("The delta is for a base of another length.");
  if (targetBytes > maxBytes) throw new DeltaError("The target is longer than it may be.");
  const fits = room !== undefined && room.length >= targetBytes;
  const target = fits ? room.subarray(0, targetBytes) : new Uint8Array(targetBytes);
  let at = 0;
  const place = (source: Uint8Array, from: number, length: number) => {
    if (length < SHORT) for (let i = 0; i < length; i++) target[at + i] = source[from + i]!;
    else target.set(source.subarray(from, from + length), at);
    at += length;
  };
  walkDelta(delta, {
    insert: (from, length) => place(delta, from, length),
    copy: (from, length) => place(base, from, length),
  });
  return target;
}

import { type Pair, pairOf, sameBackward, sameForward } from "./compare.ts";
import { Finder } from "./finder.ts";
import { MAX_BYTES } from "./format.ts";
import { DeltaWriter } from "./writer.ts";

/**
 * What makes `target` out of `base` (see format.ts), not compressed: deflate it. Time and memory follow what
 * differs: the common start and end are only compared, an edit is searched for just ahead, and only what is
 * not found there is looked up in an index of the base. At worst, on contents that were made to be slow, it
 * takes time in proportion to both lengths; the index takes 8 MB at most.
 *
 * @throws RangeError for more than 2^31 - 1 bytes
 */
export function encodeDelta(base: Uint8Array, target: Uint8Array): Uint8Array {
  if (base.length > MAX_BYTES || target.length > MAX_BYTES) throw new RangeError("Too long for a delta.");
  const shorter = Math.min(base.length, target.length);
  const whole = pairOf(base, target);
  const prefix = sameForward(whole, 0, 0);
  const suffix = sameBackward(whole, base.length, target.length, shorter - prefix);
  const writer = new DeltaWriter(base, target);
  writer.copy(0, prefix);
  encodeMiddle(pairOf(base, target, target.length - suffix), prefix, suffix, writer);
  writer.copy(base.length - suffix, suffix);
  return writer.finish();
}

function encodeMiddle(pair: Pair, prefix: number, suffix: number, writer: DeltaWriter): void {
  const finder = new Finder(pair, prefix, pair.base.length - suffix);
  let at = prefix;
  let from = prefix;
  while (at < pair.end) {
    const match = finder.find(from, at);
    writer.insert(at, match?.at ?? pair.end);
    if (match === null) return;
    at = match.at + match.length;
    from = match.from + match.length;
    const more = sameForward(pair, from, at);
    writer.copy(match.from, match.length + more);
    at += more;
    from += more;
  }
}

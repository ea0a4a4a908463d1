import { BlockIndex } from "./block-index.ts";
import { sameBackward, sameForward } from "./compare.ts";
import { MAX_BYTES } from "./format.ts";
import { Lookahead } from "./lookahead.ts";
import { type Match, type Pair, worth } from "./match.ts";
import { DeltaWriter } from "./writer.ts";

/** A match just ahead that is as long as this is the right one; a shorter one may be chance (records alike). */
const SURE = 1024;
/** How far around the part that differs the base is indexed, as a multiple of that part. */
const REACH = 8;
/** After so many searches of the index in a row that found nothing better, only one in `RARELY` is made. */
const VAIN = 8;
const RARELY = 8;

/**
 * What makes `target` out of `base` (see format.ts), not compressed: deflate it. Time and memory follow what
 * differs: the common start and end are only compared, an edit is searched for just ahead, and only what is
 * not found there is looked up in an index of the base. At worst, on contents that were made to be slow, it
 * takes time in proportion to both lengths, and 12 MB beside the delta.
 *
 * @throws RangeError for more than 2^31 - 1 bytes
 */
export function encodeDelta(base: Uint8Array, target: Uint8Array): Uint8Array {
  if (base.length > MAX_BYTES || target.length > MAX_BYTES) throw new RangeError("Too long for a delta.");
  const shorter = Math.min(base.length, target.length);
  const prefix = sameForward(base, 0, target, 0, shorter);
  const suffix = sameBackward(base, base.length, target, target.length, shorter - prefix);
  const writer = new DeltaWriter(base, target);
  writer.copy(0, prefix);
  encodeMiddle({ base, target, end: target.length - suffix }, prefix, suffix, writer);
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
    writer.copy(match.from, match.length);
    at = match.at + match.length;
    from = match.from + match.length;
  }
}

/** Decides between what is just ahead and what is elsewhere. */
class Finder {
  readonly #pair: Pair;
  readonly #ahead: Lookahead;
  readonly #start: number;
  readonly #end: number;
  #index: BlockIndex | undefined;
  #vain = 0;

  /** @param start,end the part of the base that differs */
  constructor(pair: Pair, start: number, end: number) {
    this.#pair = pair;
    this.#ahead = new Lookahead(pair);
    this.#start = start;
    this.#end = end;
  }

  find(from: number, at: number): Match | null {
    const near = this.#ahead.find(from, at);
    if (near === null) return this.#blocks().find(at, this.#pair.end, 0);
    if (near.length >= SURE || !this.#worthLooking()) return near;
    const far = this.#blocks().find(at, near.at + 1, worth(near, at));
    this.#vain = far === null ? this.#vain + 1 : 0;
    return far ?? near;
  }

  /** Records alike in all but a number go on matching one by one after one of them went: then this is true. */
  #worthLooking(): boolean {
    if (this.#vain < VAIN) return true;
    this.#vain++;
    return this.#vain % RARELY === 0;
  }

  #blocks(): BlockIndex {
    this.#index ??= this.#build();
    return this.#index;
  }

  #build(): BlockIndex {
    const { base, end } = this.#pair;
    const reach = REACH * Math.max(end - this.#start, this.#end - this.#start);
    const last = Math.min(base.length, this.#end + reach);
    return new BlockIndex(this.#pair, Math.max(0, this.#start - reach), last);
  }
}

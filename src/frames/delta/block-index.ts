import { sameBackward, sameForward } from "./compare.ts";
import { type Match, type Pair, worth } from "./match.ts";

const SMALLEST_BLOCK = 16;
/** Bounds the memory: 4 bytes a block and 4 to 8 a slot, 12 MB in all. A larger base gets larger blocks. */
const MOST_BLOCKS = 2 ** 20;
/** Places looked at for one hash: bounds the time on contents that repeat, or that were made to collide. */
const CANDIDATES = 8;
/** A copy from elsewhere costs about 5 bytes, as much as 20 of JSON once deflated. */
const SHORTEST = 24;
/** A match as long as this is taken at once. */
const CLEAR = 4096;
const FACTOR = 0x01000193;

/**
 * Finds bytes of the target anywhere in the base: one block of the base in every `size` bytes is in a hash
 * table, and a hash is rolled over every position of the target, so any match of twice the size is found.
 */
export class BlockIndex {
  readonly #pair: Pair;
  readonly #size: number;
  readonly #start: number;
  readonly #shift: number;
  /** The block that each slot's chain starts with, from 1 on; 0 is none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  /** `FACTOR` to the power of size - 1: takes a byte out of the rolling hash. */
  readonly #oldest: number;

  /** @param start,end the part of the base that is indexed */
  constructor(pair: Pair, start: number, end: number) {
    let size = SMALLEST_BLOCK;
    while ((end - start) / size > MOST_BLOCKS) size *= 2;
    const blocks = Math.floor((end - start) / size);
    const bits = Math.max(4, Math.ceil(Math.log2(blocks + 1)));
    this.#pair = pair;
    this.#size = size;
    this.#start = start;
    this.#shift = 32 - bits;
    this.#first = new Int32Array(2 ** bits);
    this.#next = new Int32Array(blocks + 1);
    this.#oldest = power(size - 1);
    this.#fill(blocks);
  }

  /** Last to first, so that chains run forward. A run of equal blocks is entered once, where it starts. */
  #fill(blocks: number): void {
    let before = -1;
    let beforeHash = 0;
    for (let block = blocks; block > 0; block--) {
      const hash = this.#hash(this.#pair.base, this.#start + (block - 1) * this.#size);
      const slot = this.#slot(hash);
      const repeats = before === block + 1 && hash === beforeHash;
      this.#next[block] = repeats ? this.#next[before]! : this.#first[slot]!;
      this.#first[slot] = block;
      before = block;
      beforeHash = hash;
    }
  }

  /**
   * The match worth most at `at` or after it, when it is worth more than `atLeast`.
   *
   * @param until looks for matches that start before this position
   */
  find(at: number, until: number, atLeast: number): Match | null {
    const { target, end } = this.#pair;
    const size = this.#size;
    // A block that reaches over `at` tells of the bytes after it, where shorter ones might repeat.
    let p = Math.max(0, at - size + 1);
    let stop = Math.min(until, end - size + 1);
    if (p >= stop) return null;
    let best: Match | null = null;
    let hash = this.#hash(target, p);
    for (;;) {
      const match = this.#longest(hash, p, at, best === null ? atLeast : worth(best, at));
      if (match !== null) {
        best = match;
        if (match.length >= CLEAR) return best;
        stop = Math.min(stop, p + size);
      }
      if (++p >= stop) return best;
      hash = Math.imul(hash - Math.imul(target[p - 1]!, this.#oldest), FACTOR) + target[p + size - 1]!;
    }
  }

  /** The best of the candidates for the block of the target at `p`, if it is worth more than `atLeast`. */
  #longest(hash: number, p: number, at: number, atLeast: number): Match | null {
    const { base, target, end } = this.#pair;
    let best: Match | null = null;
    let least = atLeast;
    let block = this.#first[this.#slot(hash)]!;
    for (let tries = CANDIDATES; block > 0 && tries > 0; tries--) {
      const from = this.#start + (block - 1) * this.#size;
      block = this.#next[block]!;
      const limit = Math.min(base.length - from, end - p);
      // Most candidates that cannot win differ in their first byte or in the one that would make them win.
      const far = p < at ? at - p + Math.max(least, SHORTEST - 1) : 0;
      if (far >= limit || base[from + far] !== target[p + far]) continue;
      const forward = sameForward(base, from, target, p, limit);
      if (forward < this.#size) continue;
      const match = placed(this.#pair, from, p, at, forward);
      if (match.length < SHORTEST || worth(match, at) <= least) continue;
      best = match;
      least = worth(match, at);
    }
    return best;
  }

  #hash(bytes: Uint8Array, from: number): number {
    let hash = 0;
    for (let i = from; i < from + this.#size; i++) hash = (Math.imul(hash, FACTOR) + bytes[i]!) | 0;
    return hash;
  }

  #slot(hash: number): number {
    return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> this.#shift;
  }
}

/** Of a block that is the same, the part from `at` on; or the block and the bytes before it, back to `at`. */
function placed({ base, target }: Pair, from: number, p: number, at: number, forward: number): Match {
  if (p < at) return { at, from: from + at - p, length: forward - (at - p) };
  const back = sameBackward(base, from, target, p, Math.min(p - at, from));
  return { at: p - back, from: from - back, length: forward + back };
}

function power(exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, FACTOR);
  return result;
}

import { ENOUGH, type Match, type Pair, sameBackward, sameForward, worth } from "./compare.ts";

/** What is hashed: so many bytes, at every `stride` of the base and at any position of the target. */
const GRAIN = 16;
/** Bounds the memory, at 4 bytes a grain and 4 a slot, to 8 MB: a larger base gets a larger stride. */
const MOST_GRAINS = 2 ** 20 - 1;
/** A slot or link holds a grain's number, from 1 on, and above it bits of its hash that the slot does not tell. */
const TAG_SHIFT = 20;
/** Places looked at for one hash: bounds the time on contents that repeat, or that were made to collide. */
const CANDIDATES = 8;
/** A copy from elsewhere costs about 5 bytes, as much as 20 of JSON once deflated. */
const SHORTEST = 24;
/** When so many bytes matched nothing, only `SAMPLE` bytes in every 1/16 of the distance are looked at. */
const BARREN = 64 * 1024;
const SAMPLE = 4096;

/**
 * Finds bytes of the target anywhere in the base. Grains of the base at regular strides are in a hash table,
 * and every position of the target is looked up: a match of stride + GRAIN bytes is found, unless its grains
 * are too common, or it is short against the barren stretch that it lies in.
 */
export class BlockIndex {
  readonly #pair: Pair;
  readonly #stride: number;
  readonly #start: number;
  readonly #shift: number;
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  /** @param start,end the part of the base that is indexed */
  constructor(pair: Pair, start: number, end: number) {
    let stride = GRAIN;
    while ((end - start) / stride > MOST_GRAINS) stride *= 2;
    const grains = Math.floor((end - start) / stride);
    const bits = Math.max(4, Math.ceil(Math.log2(grains + 1)));
    this.#pair = pair;
    this.#stride = stride;
    this.#start = start;
    this.#shift = 32 - bits;
    this.#first = new Int32Array(2 ** bits);
    this.#next = new Int32Array(grains + 1);
    this.#fill(grains);
  }

  /** Last to first, so that chains run forward. Of a run of equal grains only the first is in its chain. */
  #fill(grains: number): void {
    const { baseWords } = this.#pair;
    let hashAfter = 0;
    for (let grain = grains; grain > 0; grain--) {
      const hash = hashOf(baseWords, this.#start + (grain - 1) * this.#stride);
      const slot = hash >>> this.#shift;
      const runs = hash === hashAfter && grain < grains;
      this.#next[grain] = runs ? this.#next[grain + 1]! : this.#first[slot]!;
      this.#first[slot] = (hash << TAG_SHIFT) | grain;
      hashAfter = hash;
    }
  }

  /**
   * The match worth most that starts at `at` or soon after the first one found, if worth more than `atLeast`.
   *
   * @param until looks at no position from this one on
   */
  find(at: number, until: number, atLeast: number): Match | null {
    const { targetWords, end } = this.#pair;
    // A grain that reaches over `at` tells of the bytes after it, where shorter matches might be chance.
    let p = Math.max(0, at - GRAIN + 1);
    let stop = Math.min(until, end - GRAIN + 1);
    let rest = at + BARREN;
    let best: Match | null = null;
    for (; p < stop; p++) {
      const hash = hashOf(targetWords, p);
      const entry = this.#first[hash >>> this.#shift]!;
      const match: Match | null =
        entry === 0 ? null : this.#longest(entry, hash, p, at, best ? worth(best, at) : atLeast);
      if (match !== null) {
        best = match;
        if (match.length >= ENOUGH) return best;
        stop = Math.min(stop, p + GRAIN);
      } else if (p > rest && best === null) {
        p += (p - at) >> 4;
        rest = p + SAMPLE;
      }
    }
    return best;
  }

  /** The best of the candidates for the target's grain at `p`, if it is worth more than `atLeast`. */
  #longest(first: number, hash: number, p: number, at: number, atLeast: number): Match | null {
    const { base, target, end } = this.#pair;
    let best: Match | null = null;
    let least = atLeast;
    let entry = first;
    for (let tries = CANDIDATES; entry !== 0 && tries > 0; tries--) {
      const grain = entry & ((1 << TAG_SHIFT) - 1);
      const alike = (entry ^ (hash << TAG_SHIFT)) >>> TAG_SHIFT === 0;
      entry = this.#next[grain]!;
      if (!alike) continue;
      const from = this.#start + (grain - 1) * this.#stride;
      // Most candidates that cannot win differ in the byte that would make them win.
      const far = p < at ? at - p + Math.max(least, SHORTEST - 1) : 0;
      if (p + far >= end || base[from + far] !== target[p + far]) continue;
      const match = this.#placed(from, p, at);
      if (match.length < SHORTEST || worth(match, at) <= least) continue;
      best = match;
      least = worth(match, at);
    }
    return best;
  }

  /** Of a grain that is the same, the part from `at` on; or all of it and the bytes before it, back to `at`. */
  #placed(from: number, p: number, at: number): Match {
    const forward = sameForward(this.#pair, from, p, ENOUGH);
    if (p < at) return { at, from: from + at - p, length: forward - (at - p) };
    const back = sameBackward(this.#pair, from, p, Math.min(p - at, from));
    return { at: p - back, from: from - back, length: forward + back };
  }
}

/** The upper bits choose the slot, the lower ones tell grains of one slot apart. */
function hashOf(words: DataView, at: number): number {
  const low = Math.imul(words.getInt32(at), 0x9e3779b1) ^ Math.imul(words.getInt32(at + 4), 0x85ebca77);
  const high = Math.imul(words.getInt32(at + 8), 0xc2b2ae3d) ^ Math.imul(words.getInt32(at + 12), 0x27d4eb2f);
  const mixed = Math.imul(low ^ (low >>> 15) ^ high, 0x165667b1);
  return Math.imul(mixed ^ (mixed >>> 13), 0x9e3779b1);
}

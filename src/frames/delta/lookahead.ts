import { sameBackward, sameForward } from "./compare.ts";
import { type Match, type Pair, worth } from "./match.ts";

/** How far ahead base and target are searched for the place where they meet again. */
const WINDOW = 256;
const GRAM = 4;
const BITS = 10;
/** A match as long as this ends the search; one of at least `SHORTEST` is kept while it goes on a little. */
const CLEAR = 32;
const SHORTEST = 8;
const PATIENCE = 32;

/**
 * Finds where two versions meet again just after an edit: most edits are a few bytes long, and what follows
 * them in the base follows them in the target. Keeps the base's next 4-byte grams in a small table that moves
 * along; an entry counts only while it lies in the window, so the table is never cleared.
 */
export class Lookahead {
  readonly #pair: Pair;
  readonly #grams = new Int32Array(1 << BITS).fill(-1);
  /** The grams from `#from` to `#filled` are in the table. */
  #from = 0;
  #filled = 0;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  /** The match to go on with when the base at `from` and the target at `at` differ. */
  find(from: number, at: number): Match | null {
    const { base, target, end } = this.#pair;
    this.#fill(from);
    let best: Match | null = null;
    let stop = Math.min(at + WINDOW, end - GRAM + 1);
    for (let t = at; t < stop; t++) {
      const b = this.#grams[gram(target, t)]!;
      if (b < from || b >= this.#filled) continue;
      const forward = sameForward(base, b, target, t, Math.min(base.length - b, end - t));
      if (forward < SHORTEST) continue;
      const back = sameBackward(base, b, target, t, Math.min(t - at, b));
      const match = { at: t - back, from: b - back, length: forward + back };
      if (best === null || worth(match, at) > worth(best, at)) best = match;
      if (match.length >= CLEAR) break;
      stop = Math.min(stop, best.at + PATIENCE);
    }
    return best;
  }

  /** Where a gram stands twice in the window, the first place counts: the least is skipped. */
  #fill(from: number): void {
    const { base } = this.#pair;
    const end = Math.min(from + WINDOW, base.length - GRAM + 1);
    if (from < this.#from || from > this.#filled) this.#filled = from;
    this.#from = from;
    for (; this.#filled < end; this.#filled++) {
      const slot = gram(base, this.#filled);
      const kept = this.#grams[slot]!;
      if (kept < from || kept >= this.#filled) this.#grams[slot] = this.#filled;
    }
  }
}

function gram(bytes: Uint8Array, i: number): number {
  const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - BITS);
}

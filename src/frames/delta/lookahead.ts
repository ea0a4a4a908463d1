import { ENOUGH, type Match, type Pair, sameBackward, sameForward, worth } from "./compare.ts";

/** How far ahead base and target are searched for the place where they meet again. */
const WINDOW = 256;
const GRAM = 4;
const BITS = 10;
const SHORTEST = 8;
/** A match as long as this is where they meet; the search for it goes through the whole window. */
const MEETING = 128;
/** Of shorter matches, the best of those that follow so closely on one another. */
const PATIENCE = 32;

/** What was found ahead: the match to go on with, and the one where the versions meet again for long. */
export interface Ahead {
  next: Match;
  /** The same match as `next`, one after it in base and target, or null. */
  meeting: Match | null;
}

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

  /**
   * Looks ahead where the base at `from` and the target at `at` differ.
   *
   * @param hasty whether to be content with the first short matches
   */
  find(from: number, at: number, hasty: boolean): Ahead | null {
    const { targetWords, end } = this.#pair;
    this.#fill(from);
    const stop = Math.min(at + WINDOW, end - GRAM + 1);
    let patient = stop;
    let short: Match | null = null;
    for (let t = at; t < stop; t++) {
      if (t >= patient && hasty) break;
      const b = this.#grams[slotOf(targetWords, t)]!;
      if (b < from || b >= this.#filled) continue;
      const match: Match | null = this.#grown(b, t, at);
      if (match === null) continue;
      if (match.length >= MEETING)
        return { next: short && precedes(short, match) ? short : match, meeting: match };
      if (t < patient && (short === null || worth(match, at) > worth(short, at))) short = match;
      patient = Math.min(patient, short!.at + PATIENCE);
    }
    return short && { next: short, meeting: null };
  }

  #grown(from: number, t: number, at: number): Match | null {
    const forward = sameForward(this.#pair, from, t, ENOUGH);
    if (forward < SHORTEST) return null;
    const back = sameBackward(this.#pair, from, t, Math.min(t - at, from));
    return { at: t - back, from: from - back, length: forward + back };
  }

  /** Where a gram stands twice in the window, the first place counts: the least is skipped. */
  #fill(from: number): void {
    const { base, baseWords } = this.#pair;
    const end = Math.min(from + WINDOW, base.length - GRAM + 1);
    if (from < this.#from || from > this.#filled) this.#filled = from;
    this.#from = from;
    for (; this.#filled < end; this.#filled++) {
      const slot = slotOf(baseWords, this.#filled);
      const kept = this.#grams[slot]!;
      if (kept < from || kept >= this.#filled) this.#grams[slot] = this.#filled;
    }
  }
}

function precedes(one: Match, other: Match): boolean {
  return one.at + one.length <= other.at && one.from + one.length <= other.from;
}

function slotOf(words: DataView, at: number): number {
  return Math.imul(words.getInt32(at), 0x9e3779b1) >>> (32 - BITS);
}

import type { Alignment, Region } from "./align.ts";

/**
 * How many insertions and removals one search looks ahead: less in lists so long that it would take seconds.
 */
const MOST_EDITS = 128;
const FEWEST_EDITS = 4;
/** About this many steps are spent on one pair of lists; a step takes some 30 ns. */
const MOST_STEPS = 30_000_000;

/**
 * Finds partners in a region by E. W. Myers' greedy search ("An O(ND) difference algorithm", 1986). Where the
 * shortest edit is longer than the search looks ahead, it keeps what led furthest and goes on from there: so it
 * takes at most `MOST_EDITS` steps an item, and is exact only where little changed.
 */
export function shortestEdit(alignment: Alignment, region: Region): void {
  const { aTo, bTo } = region;
  let { aFrom, bFrom } = region;
  while (aFrom < aTo && bFrom < bTo) {
    const search = new Search(alignment, { aFrom, aTo, bFrom, bTo });
    [aFrom, bFrom] = search.run();
  }
}

function lookAhead({ a, b }: Alignment): number {
  const affordable = Math.floor(MOST_STEPS / (a.length + b.length));
  return Math.max(FEWEST_EDITS, Math.min(MOST_EDITS, affordable));
}

/** One search. Diagonal `k` holds the points where `k` more items of `a` than of `b` were passed. */
class Search {
  readonly #alignment: Alignment;
  readonly #region: Region;
  readonly #most: number;
  /** How far in `a` each diagonal was followed with so many edits: `[edits][(k + edits) / 2]`; -1: nowhere. */
  readonly #reach: Int32Array[] = [];

  constructor(alignment: Alignment, region: Region) {
    this.#alignment = alignment;
    this.#region = region;
    this.#most = Math.min(lookAhead(alignment), this.#aLength + this.#bLength);
  }

  get #aLength(): number {
    return this.#region.aTo - this.#region.aFrom;
  }

  get #bLength(): number {
    return this.#region.bTo - this.#region.bFrom;
  }

  /** Notes the partners found; answers where in both lists it ended. */
  run(): [aFrom: number, bFrom: number] {
    let furthest = 0;
    for (let edits = 0; edits <= this.#most; edits++) {
      furthest = this.#extend(edits);
      if (this.#passed(edits, furthest) === this.#aLength + this.#bLength) break;
    }
    return this.#note(this.#reach.length - 1, furthest);
  }

  /** Follows every diagonal that so many edits can reach; answers the one on which most items were passed. */
  #extend(edits: number): number {
    const reach = new Int32Array(edits + 1);
    this.#reach.push(reach);
    let furthest = -edits;
    for (let k = -edits; k <= edits; k += 2) {
      const start = this.#start(edits, k);
      reach[(k + edits) / 2] = start < 0 ? -1 : this.#slide(start, k);
      if (this.#passed(edits, k) > this.#passed(edits, furthest)) furthest = k;
    }
    return furthest;
  }

  #at(edits: number, k: number): number {
    return Math.abs(k) > edits ? -1 : this.#reach[edits]![(k + edits) / 2]!;
  }

  #passed(edits: number, k: number): number {
    const x = this.#at(edits, k);
    return x < 0 ? -1 : 2 * x - k;
  }

  /** Where diagonal `k` is entered: by a removal from the one below, or an insertion from the one above. */
  #start(edits: number, k: number): number {
    if (edits === 0) return 0;
    const below = this.#at(edits - 1, k - 1);
    const above = this.#at(edits - 1, k + 1);
    const removed = below < 0 || below === this.#aLength ? -1 : below + 1;
    const inserted = above < 0 || above - k > this.#bLength ? -1 : above;
    return Math.max(removed, inserted);
  }

  #slide(start: number, k: number): number {
    const { a, b } = this.#alignment;
    const { aFrom, aTo, bFrom, bTo } = this.#region;
    let x = aFrom + start;
    let y = bFrom + start - k;
    while (x < aTo && y < bTo && a[x] === b[y]) {
      x++;
      y++;
    }
    return x - aFrom;
  }

  #note(lastEdits: number, last: number): [number, number] {
    const { aFrom, bFrom } = this.#region;
    let k = last;
    for (let edits = lastEdits; edits >= 0; edits--) {
      const start = this.#start(edits, k);
      for (let x = start; x < this.#at(edits, k); x++) this.#alignment.partner[bFrom + x - k] = aFrom + x;
      // A removal came from the diagonal below; the same choice as in #start.
      if (edits > 0) k += this.#at(edits - 1, k - 1) === start - 1 && start > 0 ? -1 : 1;
    }
    const reached = this.#at(lastEdits, last);
    return [aFrom + reached, bFrom + reached - last];
  }
}

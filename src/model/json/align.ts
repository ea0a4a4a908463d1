import { shortestEdit } from "./shortest-edit.ts";

/** Two lists, and for each place in `b` the place in `a` of the same item that stays, or -1. */
export interface Alignment {
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly partner: Int32Array;
}

/** A part of both lists; the ends are exclusive. */
export interface Region {
  aFrom: number;
  aTo: number;
  bFrom: number;
  bTo: number;
}

/**
 * A long common subsequence of two lists of small numbers (they index tables), as the partner in `a` of each
 * place in `b` (-1: none), rising. First the items that occur once in both lists are lined up (patience
 * diff), which finds blocks moved along however far; then the gaps between them are compared by a search
 * that gives up exactness, not time, where they have little in common. Takes about O(n log n + 128 n) steps,
 * whatever the lists hold.
 */
export function align(a: Int32Array, b: Int32Array): Int32Array {
  const alignment = { a, b, partner: new Int32Array(b.length).fill(-1) };
  let [aFrom, bFrom] = [0, 0];
  for (const { inA, inB } of anchors(a, b)) {
    alignment.partner[inB] = inA;
    shortestEdit(alignment, { aFrom, aTo: inA, bFrom, bTo: inB });
    [aFrom, bFrom] = [inA + 1, inB + 1];
  }
  shortestEdit(alignment, { aFrom, aTo: a.length, bFrom, bTo: b.length });
  return alignment.partner;
}

/** One item's place in both lists. */
interface Anchor {
  inA: number;
  inB: number;
}

const NOWHERE = -1;
const REPEATED = -2;

/** The most items, of those that occur once in each list, that are in the same order in both. */
function anchors(a: Int32Array, b: Int32Array): Anchor[] {
  const inA = placesOfUnique(a);
  const inB = placesOfUnique(b);
  const common: Anchor[] = [];
  for (let place = 0; place < b.length; place++) {
    const number = b[place]!;
    const other = inA[number] ?? NOWHERE;
    if (inB[number] === place && other >= 0) common.push({ inA: other, inB: place });
  }
  return longestRise(common);
}

/** The place of each number; negative when it has none, or several. */
function placesOfUnique(list: Int32Array): Int32Array {
  const most = list.reduce((max, number) => Math.max(max, number), 0);
  const places = new Int32Array(most + 1).fill(NOWHERE);
  for (let place = 0; place < list.length; place++) {
    const number = list[place]!;
    places[number] = places[number] === NOWHERE ? place : REPEATED;
  }
  return places;
}

/** The longest subsequence whose places in `a` rise: patience sorting. */
function longestRise(anchors: Anchor[]): Anchor[] {
  /** For each length, the anchor that ends the best subsequence of that length. */
  const tails: number[] = [];
  const before = new Int32Array(anchors.length);
  anchors.forEach(({ inA }, i) => {
    const length = countBelow(tails, (tail) => anchors[tail]!.inA < inA);
    before[i] = tails[length - 1] ?? -1;
    tails[length] = i;
  });
  const rise: Anchor[] = [];
  for (let i = tails.at(-1) ?? -1; i >= 0; i = before[i]!) rise.push(anchors[i]!);
  return rise.reverse();
}

/** How many entries at the front fulfil the test, which those behind do not. */
function countBelow(list: readonly number[], test: (entry: number) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

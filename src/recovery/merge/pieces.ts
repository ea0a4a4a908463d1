import { align } from "../../model/json/align.ts";
import { type Edit, editsOf } from "../../model/json/edits.ts";

/**
 * What one side did to a list: the items of the base from `from` (ends are exclusive) became those that the side has
 * from `at`. One item that was edited or removed is a piece by itself.
 */
export interface Piece {
  from: number;
  to: number;
  at: number;
  end: number;
}

/**
 * What makes one list of numbers (they stand for items) out of another, from front to back. Items that are equal in
 * both are lined up; of those between them a run that is as long as before was edited item by item, and where nothing
 * has come, each one was removed. Other runs are replaced as a whole.
 */
export function piecesBetween(base: Int32Array, other: Int32Array): Piece[] {
  const { start, end } = commonEnds(base, other);
  const [baseEnd, otherEnd] = [base.length - end, other.length - end];
  const partner = align(base.subarray(start, baseEnd), other.subarray(start, otherEnd));
  return editsOf(partner, start, baseEnd).flatMap(piecesOf);
}

function commonEnds(a: Int32Array, b: Int32Array): { start: number; end: number } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { start, end };
}

function piecesOf({ from, at, changed, removed, added }: Edit): Piece[] {
  const [gone, come] = [changed + removed, changed + added];
  if (come > 0 && gone !== come) return [{ from, to: from + gone, at, end: at + come }];
  const width = come === 0 ? 0 : 1;
  return Array.from({ length: gone }, (_, i) => {
    const place = at + i * width;
    return { from: from + i, to: from + i + 1, at: place, end: place + width };
  });
}

/** One item, edited or removed. */
export function isSingle({ from, to, at, end }: Piece): boolean {
  return to - from === 1 && end - at <= 1;
}

/**
 * Whether two sides' pieces are about the same items. What comes in at one place from both sides is, too, for nothing
 * says which goes first; what comes in beside an item that the other side edited or removed is not.
 */
export function meet(a: Piece, b: Piece): boolean {
  if (isSingle(a)) return isSingle(b) ? a.from === b.from : holds(b, a);
  return isSingle(b) ? holds(a, b) : Math.max(a.from, b.from) <= Math.min(a.to, b.to);
}

function holds(piece: Piece, single: Piece): boolean {
  return piece.from <= single.from && single.from < piece.to;
}

/** Of pieces that do not meet. What comes in before an item goes before what becomes of the item. */
export function isBefore(a: Piece, b: Piece): boolean {
  return a.from < b.from || (a.from === b.from && a.to < b.to);
}

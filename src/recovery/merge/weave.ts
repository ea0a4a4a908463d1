import { isBefore, isSingle, meet, type Piece } from "./pieces.ts";

/** A step of putting two sides' changes of one list together, from front to back. */
export type Step =
  /** Items of one list: those that stay in both, or what they became there. */
  | { kind: "one"; side: "ours" | "theirs"; piece: Pick<Piece, "at" | "end"> }
  /** An item that both edited or removed. */
  | { kind: "both"; ours: Piece; theirs: Piece };

/**
 * Puts the pieces of two sides in order. Null when they are about the same items, and are not the same.
 *
 * @param length of the base
 * @param isSame whether both put the same items in the same place
 */
export function weave(
  length: number,
  ours: readonly Piece[],
  theirs: readonly Piece[],
  isSame: (ours: Piece, theirs: Piece) => boolean,
): Step[] | null {
  const weaving = new Weaving();
  let [i, k] = [0, 0];
  while (i < ours.length || k < theirs.length) {
    const [a, b] = [ours[i], theirs[k]];
    if (a && b && meet(a, b)) {
      if (isSingle(a) && isSingle(b)) weaving.both(a, b);
      else if (isSame(a, b)) weaving.ours(a);
      else return null;
      [i, k] = [i + 1, k + 1];
    } else if (a && (!b || isBefore(a, b))) {
      weaving.ours(a);
      i += 1;
    } else {
      weaving.theirs(b!);
      k += 1;
    }
  }
  weaving.keepUntil(length);
  return weaving.steps;
}

class Weaving {
  readonly steps: Step[] = [];
  /** How far in the base. */
  #at = 0;
  /** How much further the items of the base stand in the one list. */
  #ahead = 0;

  ours(piece: Piece): void {
    this.#pass(piece, piece);
    this.steps.push({ kind: "one", side: "ours", piece });
  }

  theirs(piece: Piece): void {
    this.#pass(piece);
    this.steps.push({ kind: "one", side: "theirs", piece });
  }

  both(ours: Piece, theirs: Piece): void {
    this.#pass(ours, ours);
    this.steps.push({ kind: "both", ours, theirs });
  }

  /** What both have left alone is taken from the one list. */
  keepUntil(to: number): void {
    if (to > this.#at) {
      const piece = { at: this.#at + this.#ahead, end: to + this.#ahead };
      this.steps.push({ kind: "one", side: "ours", piece });
    }
    this.#at = Math.max(this.#at, to);
  }

  #pass({ from, to }: Piece, ours?: Piece): void {
    this.keepUntil(from);
    this.#at = to;
    if (ours) this.#ahead = ours.end - ours.to;
  }
}

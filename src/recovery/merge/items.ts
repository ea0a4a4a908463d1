import type { JsonValue } from "../../model/json/value.ts";
import { Numbering } from "./canonical.ts";
import { type Piece, piecesBetween } from "./pieces.ts";
import type { Changed, Place } from "./rules.ts";
import { type Step, weave } from "./weave.ts";

/**
 * Both sides' changes of a list put together; null when they overlap.
 *
 * @param settle says what becomes of an item that both edited or removed; undefined: it goes
 */
export function mergeItems(
  base: JsonValue[],
  current: JsonValue[],
  incoming: JsonValue[],
  settle: (index: number, changed: Changed) => Place,
): JsonValue[] | null {
  const steps = stepsOf(base, current, incoming);
  if (!steps) return null;
  const merged: JsonValue[] = [];
  const copy = (from: JsonValue[], { at, end }: Pick<Piece, "at" | "end">) => {
    for (let i = at; i < end; i++) merged.push(from[i]!);
  };
  for (const step of steps) {
    if (step.kind === "one") copy(step.side === "ours" ? current : incoming, step.piece);
    else {
      const { from } = step.ours;
      const changed = { current: itemOf(current, step.ours), incoming: itemOf(incoming, step.theirs) };
      const item = settle(from, { base: base[from], ...changed });
      if (item !== undefined) merged.push(item);
    }
  }
  return merged;
}

function stepsOf(base: JsonValue[], current: JsonValue[], incoming: JsonValue[]): Step[] | null {
  const numbering = new Numbering();
  const [before, ours, theirs] = [numbering.of(base), numbering.of(current), numbering.of(incoming)];
  const isSamePiece = (a: Piece, b: Piece) =>
    a.from === b.from && a.to === b.to && areSame(ours.subarray(a.at, a.end), theirs.subarray(b.at, b.end));
  return weave(base.length, piecesBetween(before, ours), piecesBetween(before, theirs), isSamePiece);
}

function areSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}

/** What became of one item; undefined: it is gone. */
function itemOf(items: JsonValue[], { at, end }: Piece): Place {
  return at < end ? items[at] : undefined;
}

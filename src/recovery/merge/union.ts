import type { JsonValue } from "../../model/json/value.ts";
import { Numbering } from "./canonical.ts";

/**
 * The items of both lists, but for those of the base that either has removed: the first list in its order, behind it
 * what the second has more. An item that is there several times stays so often: what either added (the larger
 * number), less what either removed (likewise).
 */
export function unionOf(
  base: readonly JsonValue[],
  first: readonly JsonValue[],
  second: readonly JsonValue[],
): JsonValue[] {
  const numbering = new Numbering();
  const [ofBase, ofFirst, ofSecond] = [base, first, second].map((items) => numbering.of(items));
  const [inBase, inFirst, inSecond] = [ofBase!, ofFirst!, ofSecond!].map(tally);
  /** How many of an item may still be taken. */
  const left = new Map<number, number>();
  for (const number of [...inFirst!.keys(), ...inSecond!.keys()]) {
    const counts = [inFirst!, inSecond!].map((counted) => counted.get(number) ?? 0);
    left.set(number, wantedOf(inBase!.get(number) ?? 0, counts));
  }
  const take = (items: readonly JsonValue[], numbers: Int32Array) =>
    items.filter((_, i) => {
      const more = left.get(numbers[i]!)!;
      left.set(numbers[i]!, more - 1);
      return more > 0;
    });
  return [...take(first, ofFirst!), ...take(second, ofSecond!)];
}

function wantedOf(before: number, counts: readonly number[]): number {
  return Math.min(before, ...counts) + Math.max(0, ...counts.map((count) => count - before));
}

function tally(numbers: Int32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}

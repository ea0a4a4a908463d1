import * as fc from "fast-check";
import { isJsonObject, type JsonValue, setMember } from "../../../src/model/json/value.ts";

/** A copy of a document with members in order of their keys, so that equal documents print the same. */
export function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const copy = {};
  for (const key of Object.keys(value).sort()) setMember(copy, key, sorted(value[key]!));
  return copy;
}

/** A list, and the same list after insertions, removals and changes; few kinds of items, so they repeat. */
export const editedLists: fc.Arbitrary<[JsonValue[], JsonValue[]]> = fc
  .record({
    list: fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom("x", null, true)), {
      maxLength: 60,
    }),
    edits: fc.array(
      fc.tuple(fc.nat(), fc.nat(3), fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 })),
      {
        maxLength: 6,
      },
    ),
    wrapped: fc.boolean(),
  })
  .map(({ list, edits, wrapped }) => {
    const edited = list.slice();
    for (const [place, removed, added] of edits) {
      edited.splice(place % (edited.length + 1), removed, ...added);
    }
    return wrapped ? [records(list), records(edited)] : [list, edited];
  });

function records(list: JsonValue[]): JsonValue[] {
  return list.map((item, i) => ({ id: `record ${item}`, tags: [item, "padding"], first: i < 3 }));
}

/** Pseudo-random numbers in [0, 1), the same on each run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

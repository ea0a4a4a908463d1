import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isIdentical } from "../../../src/model/json/identical.ts";
import { applyJsonPatch } from "../../../src/model/json/json-patch.ts";
import { equalJson, parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { formatPointer } from "../../../src/model/json/pointer.ts";
import { isJsonObject, type JsonObject, type JsonValue, setMember } from "../../../src/model/json/value.ts";
import type { MergePolicy } from "../../../src/model/pipeline.ts";
import { type Merged, mergeJson } from "../../../src/recovery/merge/merge.ts";
import { unionOf } from "../../../src/recovery/merge/union.ts";
import { awkwardKeys, jsonText } from "../../model/json/arbitrary.ts";

const RUNS = 1000;

function deepFreeze<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) value.forEach(deepFreeze);
  else if (isJsonObject(value)) Object.values(value).forEach(deepFreeze);
  if (typeof value === "object" && value !== null) Object.freeze(value);
  return value;
}

const document = jsonText.map((text) => deepFreeze(parseLossless(text)));

/** A document and two that often share parts with it. */
const three = fc
  .tuple(document, document, document, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12 }))
  .map(([base, a, b, choices]) => {
    const mix = (from: number) => deepFreeze(mixed(base, from === 0 ? a : b, choices.slice(from)));
    return { base, current: mix(0), incoming: mix(3) };
  });

/** Some members and items of the one, some of the other. */
function mixed(base: JsonValue, other: JsonValue, choices: number[]): JsonValue {
  const choice = (i: number) => choices[i % choices.length] ?? 0;
  if (Array.isArray(base))
    return [
      ...base.flatMap((item, i) => (choice(i) === 0 ? [] : choice(i) === 1 ? [item] : [item, other])),
      ...(Array.isArray(other) ? other : []),
    ];
  if (!isJsonObject(base) || !isJsonObject(other)) return choice(0) === 0 ? base : other;
  const object: JsonObject = {};
  Object.keys(base).forEach((key, i) => {
    if (choice(i) > 0)
      setMember(object, key, choice(i) === 1 ? base[key]! : mixed(base[key]!, other, choices));
  });
  for (const key of Object.keys(other)) setMember(object, key, other[key]!);
  return object;
}

const policies = fc.dictionary(
  fc.array(fc.constantFrom(...awkwardKeys), { maxLength: 2 }).map(formatPointer),
  fc.constantFrom("ours", "theirs", "union", "max", "sum"),
) as fc.Arbitrary<MergePolicy>;

const resultOf = (merged: Merged) => (merged.ok ? merged.value : undefined);
const pointersOf = (merged: Merged) => (merged.ok ? [] : merged.clashes.map(({ pointer }) => pointer).sort());

describe("for all documents", () => {
  it("a side that changed nothing leaves the other's", () => {
    fc.assert(
      fc.property(document, document, (base, changed) => {
        expect(isIdentical(resultOf(mergeJson(base, base, changed))!, changed)).toBe(true);
        expect(isIdentical(resultOf(mergeJson(base, changed, base))!, changed)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("the same on both sides is what comes out", () => {
    fc.assert(
      fc.property(document, document, (base, changed) => {
        expect(isIdentical(resultOf(mergeJson(base, changed, changed))!, changed)).toBe(true);
        const again = parseLossless(stringifyLossless(changed));
        expect(isIdentical(resultOf(mergeJson(base, changed, again))!, changed)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("sides may be swapped: the same value, or the same clashes", () => {
    let clashed = 0;
    fc.assert(
      fc.property(three, ({ base, current, incoming }) => {
        const one = mergeJson(base, current, incoming, {}, 1e6);
        const other = mergeJson(base, incoming, current, {}, 1e6);
        expect(one.ok).toBe(other.ok);
        expect(pointersOf(one)).toEqual(pointersOf(other));
        if (one.ok && other.ok) expect(equalJson(one.value, other.value)).toBe(true);
        else clashed += 1;
      }),
      { numRuns: 3 * RUNS },
    );
    expect(clashed).toBeGreaterThan(RUNS / 5);
    expect(clashed).toBeLessThan(2.8 * RUNS);
  });

  it("ours and theirs leave no clash, and no rule changes what is given", () => {
    fc.assert(
      fc.property(three, policies, ({ base, current, incoming }, policy) => {
        for (const rule of ["ours", "theirs"] as const)
          expect(mergeJson(base, current, incoming, { "": rule }).ok).toBe(true);
        const before = [base, current, incoming].map(stringifyLossless);
        mergeJson(base, current, incoming, policy);
        expect([base, current, incoming].map(stringifyLossless)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it("what rules settle is among what clashes without them", () => {
    fc.assert(
      fc.property(three, policies, ({ base, current, incoming }, policy) => {
        const free = pointersOf(mergeJson(base, current, incoming, {}, 1e6));
        const ruled = pointersOf(mergeJson(base, current, incoming, policy, 1e6));
        // With `union` an array may clash as a whole instead of one of its items.
        const covers = (pointer: string) => free.some((known) => `${known}/`.startsWith(`${pointer}/`));
        expect(ruled.filter((pointer) => !covers(pointer))).toEqual([]);
        if (free.length === 0) expect(mergeJson(base, current, incoming, policy).ok).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("objects, edit by edit", () => {
  type Side = "current" | "incoming";
  const leaf = fc.record({
    path: fc.array(fc.constantFrom("a", "b", "__proto__", "x/y", "~"), { minLength: 1, maxLength: 3 }),
    sides: fc.constantFrom<Side[]>([], ["current"], ["incoming"], ["current", "incoming"]),
    edit: fc.constantFrom("set", "remove", "same"),
  });
  /** No path is the beginning of another: leaves are scalars. */
  const leaves = fc
    .uniqueArray(leaf, { selector: ({ path }) => formatPointer(path), maxLength: 12 })
    .map((all) =>
      all.filter(({ path }) => {
        const pointer = `${formatPointer(path)}/`;
        return !all.some(
          (other) => other.path !== path && `${formatPointer(other.path)}/`.startsWith(pointer),
        );
      }),
    );

  function built(paths: string[][]): JsonValue {
    const root: JsonObject = {};
    for (const path of paths) {
      let object = root;
      for (const key of path.slice(0, -1)) {
        if (!Object.hasOwn(object, key)) setMember(object, key, {});
        object = object[key] as JsonObject;
      }
      setMember(object, path.at(-1)!, "base");
    }
    return root;
  }

  function patched(document: JsonValue, patch: object[]): JsonValue {
    const result = applyJsonPatch(document, patch);
    if (!result.ok) throw new Error(result.message);
    return result.value;
  }

  it("both sides' edits apply, and those of one leaf clash, exactly there", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const base = deepFreeze(built(all.map(({ path }) => path)));
        const edits = (side: Side) =>
          all
            .filter(({ sides }) => sides.includes(side))
            .map(({ path, edit }) => {
              const pointer = formatPointer(path);
              if (edit === "remove" && side === "current") return { op: "remove", path: pointer };
              return { op: "replace", path: pointer, value: edit === "same" ? "both" : side };
            });
        const [current, incoming] = [patched(base, edits("current")), patched(base, edits("incoming"))];
        const merged = mergeJson(base, current, incoming);
        const clashing = all.filter(({ sides, edit }) => sides.length === 2 && edit !== "same");
        expect(pointersOf(merged)).toEqual(clashing.map(({ path }) => formatPointer(path)).sort());
        if (!merged.ok) return;
        const own = edits("incoming").filter(
          ({ path }) => !edits("current").some((edit) => edit.path === path),
        );
        expect(isIdentical(merged.value, patched(current, own))).toBe(true);
        const again = mergeJson(base, merged.value, incoming);
        expect(again.ok && isIdentical(again.value, merged.value)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("arrays, edit by edit", () => {
  type Edit = { kind: "edit" | "remove" | "insert" | "longer"; count: number };
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom("edit", "remove", "insert", "longer"),
    count: fc.integer({ min: 1, max: 3 }),
  });
  const slots = fc.array(
    fc.record({ ours: fc.option(edit), theirs: fc.option(edit) }).chain((slot) =>
      fc.integer({ min: 0, max: 9 }).map((which) => {
        if (which < 4) return { ...slot, theirs: null };
        return which < 9 ? { ...slot, ours: null } : slot;
      }),
    ),
    { maxLength: 10 },
  );

  /** What becomes of the item in the middle of a slot of three. */
  function itemsOf(item: JsonValue, change: Edit | null, who: string): JsonValue[] {
    if (!change) return [item];
    const made = Array.from({ length: change.count }, (_, i) => ({ who, item, i }));
    if (change.kind === "edit") return [{ who, item }];
    if (change.kind === "remove") return [];
    return change.kind === "insert" ? [...made, item] : [...made, { who, item, more: true }];
  }

  it("edits with an item between them apply, and those of one item clash", () => {
    fc.assert(
      fc.property(slots, (all) => {
        const base = all.flatMap((_, i) => [`${i}-before`, { n: i }, `${i}-after`]);
        const make = (middle: (slot: (typeof all)[number], item: JsonValue) => JsonValue[]) =>
          all.flatMap((slot, i) => [`${i}-before`, ...middle(slot, { n: i }), `${i}-after`]);
        const current = make(({ ours }, item) => itemsOf(item, ours, "ours"));
        const incoming = make(({ theirs }, item) => itemsOf(item, theirs, "theirs"));
        const merged = mergeJson(base, current, incoming);
        const single = ({ kind }: Edit) => kind === "edit" || kind === "remove";
        const places = all.flatMap(({ ours, theirs }, i) => {
          if (!ours || !theirs || (ours.kind === "remove" && theirs.kind === "remove")) return [];
          if (single(ours) && single(theirs)) return [`/${3 * i + 1}`];
          // What comes in before an item goes well with what becomes of the item.
          return (ours.kind === "insert" && single(theirs)) || (theirs.kind === "insert" && single(ours))
            ? []
            : [""];
        });
        expect(pointersOf(merged)).toEqual(places.includes("") ? [""] : places.sort());
        if (!merged.ok) return;
        const expected = make(({ ours, theirs }, item) => {
          if (!ours || !theirs) return ours ? itemsOf(item, ours, "ours") : itemsOf(item, theirs, "theirs");
          const [made, rest] =
            ours.kind === "insert"
              ? [itemsOf(item, ours, "ours"), itemsOf(item, theirs, "theirs")]
              : [itemsOf(item, theirs, "theirs"), itemsOf(item, ours, "ours")];
          return [...made.slice(0, ours.kind === "remove" && theirs.kind === "remove" ? 0 : -1), ...rest];
        });
        expect(merged.value).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it("a union counts each item as often as it should, in the order of the sides", () => {
    const items = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 8 });
    fc.assert(
      fc.property(items, items, items, (base, first, second) => {
        const union = unionOf(base, first, second) as number[];
        const count = (list: number[], item: number) => list.filter((other) => other === item).length;
        for (const item of [0, 1, 2, 3, 4]) {
          const [b, f, s] = [count(base, item), count(first, item), count(second, item)];
          const wanted = b - Math.max(0, b - f, b - s) + Math.max(0, f - b, s - b);
          expect(count(union, item)).toBe(wanted);
        }
        expect([...union].sort()).toEqual([...(unionOf(base, second, first) as number[])].sort());
      }),
      { numRuns: RUNS },
    );
  });
});

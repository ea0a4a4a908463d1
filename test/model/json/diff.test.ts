import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffJson, diffValues } from "../../../src/model/json/diff.ts";
import { applyJsonPatch } from "../../../src/model/json/json-patch.ts";
import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { utf8Bytes } from "../../../src/model/json/text-bytes.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";
import { jsonText, nested } from "./arbitrary.ts";
import { editedLists, numbers, sorted } from "./documents.ts";

const print = (value: JsonValue) => stringifyLossless(sorted(value));

/** The patch as it travels: printed and parsed again. */
function patchText(a: string, b: string): string {
  return stringifyLossless(diffJson(a, b));
}

function patched(a: string, patch: string): string {
  const result = applyJsonPatch(parseLossless(a), parseLossless(patch));
  if (!result.ok) throw new Error(`${result.message} ${result.pointer}`);
  return print(result.value);
}

function expectRoundTrip(a: string, b: string): void {
  const patch = patchText(a, b);
  expect(patched(a, patch)).toBe(print(parseLossless(b)));
  const whole = [{ op: "replace", path: "", value: parseLossless(stringifyLossless(parseLossless(b))) }];
  expect(utf8Bytes(patch)).toBeLessThanOrEqual(utf8Bytes(stringifyLossless(whole)));
}

/** A text without keys that are given twice, which `parseLossless` drops. */
const singleKeys = jsonText.map((text) => stringifyLossless(parseLossless(text)));

describe("diffJson: the patch makes b out of a, and is never longer than replacing the whole", () => {
  it("of any two documents", () => {
    fc.assert(fc.property(singleKeys, singleKeys, expectRoundTrip), { numRuns: 1000 });
  });

  it("of two objects, whatever their keys, with a common part", () => {
    const member = fc.tuple(singleKeys, singleKeys, singleKeys, fc.boolean());
    const property = fc.property(member, ([left, right, shared, swap]) => {
      const [first, second] = swap ? [right, left] : [left, right];
      expectRoundTrip(`{"same":${shared},"~/":${first}}`, `{ "~/" : ${second} , "same":${shared}}`);
      expectRoundTrip(`[${shared},${left},[${shared}]]`, `[${left},${shared},[${right},${shared}]]`);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("of lists after insertions, removals and changes", () => {
    const property = fc.property(editedLists, ([a, b]) =>
      expectRoundTrip(JSON.stringify(a), JSON.stringify(b)),
    );
    fc.assert(property, { numRuns: 1000 });
  });

  it("with keys given twice: the last one counts", () => {
    const property = fc.property(jsonText, jsonText, (a, b) => {
      expect(patched(a, patchText(a, b))).toBe(print(parseLossless(b)));
    });
    fc.assert(property, { numRuns: 500 });
    expect(diffJson('{"a":1,"a":2}', '{"a":2}')).toEqual([]);
    expect(diffJson('{"a":2}', '{"a":2,"a":1}')).toEqual([{ op: "replace", path: "/a", value: 1 }]);
  });
});

describe("diffJson: equal documents make an empty patch", () => {
  it("whatever their white space, order of members and spelling of strings", () => {
    const property = fc.property(jsonText, (text) => {
      expect(diffJson(text, text)).toEqual([]);
      expect(diffJson(text, ` ${print(parseLossless(text))}`)).toEqual([]);
    });
    fc.assert(property, { numRuns: 500 });
    expect(diffJson('[{"a":1,"b":"\\u0041"},2]', '[{"b": "A", "a":1}, 2]')).toEqual([]);
  });
});

describe("diffJson: what a patch looks like", () => {
  const filler = `"${"-".repeat(300)}"`;
  const operations = (a: string, b: string) =>
    JSON.parse(patchText(`{"x":${a},"filler":${filler}}`, `{"x":${b},"filler":${filler}}`));

  it("numbers are their text", () => {
    const numberPatch = patchText(
      '{"a":[1,9007199254740993,1e400,0]}',
      '{"a":[1.0,9007199254740992,1E400,-0]}',
    );
    expect(numberPatch).toContain("[1.0,9007199254740992,1E400,-0]");
    expect(diffJson("1", "1.0")).toHaveLength(1);
    expect(diffJson("[12345678901234567890]", "[ 12345678901234567890]")).toEqual([]);
  });

  it("members and items are added, removed and replaced where they stand", () => {
    expect(operations('{"a":1,"b":[1,2,3]}', '{"b":[1,4,3],"c":2}')).toEqual([
      { op: "replace", path: "/x", value: { b: [1, 4, 3], c: 2 } },
    ]);
    const long = "long".repeat(40);
    expect(operations(`{"a":1,"b":["${long}",2,3]}`, `{"b":["${long}",4,3],"c":2}`)).toEqual([
      { op: "remove", path: "/x/a" },
      { op: "replace", path: "/x/b/1", value: 4 },
      { op: "add", path: "/x/c", value: 2 },
    ]);
    expect(operations(`["${long}","${long}!"]`, `["new","${long}","${long}!"]`)).toEqual([
      { op: "add", path: "/x/0", value: "new" },
    ]);
    expect(operations(`["${long}","${long}!",1]`, `["${long}!",1]`)).toEqual([
      { op: "remove", path: "/x/0" },
    ]);
  });

  it("a changed record beside unchanged ones costs what changed in it", () => {
    const record = (id: number, note: string) => ({ id, name: "n".repeat(50), note });
    const before = Array.from({ length: 50 }, (_, id) => record(id, "-"));
    const after = [record(99, "first"), ...before];
    after[30] = record(29, "changed");
    expect(diffValues(before as JsonValue, after as JsonValue)).toEqual([
      { op: "add", path: "/0", value: record(99, "first") },
      { op: "replace", path: "/30/note", value: "changed" },
    ]);
  });

  it("a block moved along by thousands of new items is still recognised", () => {
    const items = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => `item ${from + i}`);
    const patch = diffValues(items(0, 10_000), [...items(50_000, 3000), ...items(0, 10_000)]);
    expect(patch).toHaveLength(3000);
  });

  it("does not touch its arguments", () => {
    const [a, b] = [parseLossless('{"a":[1,2,{"b":1}]}'), parseLossless('{"a":[2,{"b":2}],"c":1}')];
    const printed = [stringifyLossless(a), stringifyLossless(b)];
    diffValues(a, b);
    expect([stringifyLossless(a), stringifyLossless(b)]).toEqual(printed);
  });
});

describe("diffJson: hostile and large documents", () => {
  const round = (a: JsonValue, b: JsonValue) => {
    const patch = diffValues(a, b);
    const result = applyJsonPatch(a, patch);
    expect(result.ok && print(result.value) === print(b)).toBe(true);
    return patch.length;
  };

  it("lists of 100,000 items of ten kinds, with nothing in common but chance", () => {
    const [one, two] = [numbers(1), numbers(2)];
    const list = (random: () => number) => Array.from({ length: 100_000 }, () => Math.floor(random() * 10));
    expect(round(list(one), list(two))).toBe(1);
  });

  it("100,000 items with 2,000 scattered insertions and removals", () => {
    const random = numbers(3);
    const before = Array.from({ length: 100_000 }, () => `item ${Math.floor(random() * 30_000)}`);
    const after = before.flatMap((item) => (random() < 0.01 ? [] : random() < 0.01 ? [item, "new"] : [item]));
    expect(round(before, after)).toBeLessThan(2500);
  });

  it("more shifting than the applier allows makes it replace the list", () => {
    const before = Array.from({ length: 40_000 }, (_, i) => `a longer item ${i} ${"-".repeat(50)}`);
    expect(
      round(
        before,
        before.flatMap((item) => [item, 0]),
      ),
    ).toBe(1);
  });

  it("reversed, rotated and repeated lists", () => {
    const list = Array.from({ length: 5000 }, (_, i) => i);
    round(list, list.toReversed());
    round(list, [...list.slice(2000), ...list.slice(0, 2000)]);
    round(Array(5000).fill(0), Array(4000).fill(0));
    round(list, [...list, ...list]);
  });

  it("documents of 64 levels", () => {
    expectRoundTrip(nested(64), nested(63));
    expectRoundTrip(nested(64), nested(64).replace("1", "2"));
  });
});

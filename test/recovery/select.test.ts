import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CairnError } from "../../src/model/errors.ts";
import { parsePointer } from "../../src/model/json/pointer.ts";
import { recoverParts } from "../../src/recovery/select.ts";

function problems(current: string, checkpoint: string, pointers: string[]) {
  try {
    return recoverParts(current, checkpoint, pointers);
  } catch (error) {
    if (!(error instanceof CairnError) || error.code !== "select_failed") throw error;
    return error.facts.errors!.map(({ pointer }) => pointer);
  }
}

const CURRENT = '{"a":{"x":1,"y":2},"list":[1,2,3],"n":1e400,"left":true}';
const CHECKPOINT =
  '{"a":{"x":1.0,"z":[0]},"list":[10,20,30,40,50],"n":-0,"new":{"deep":{"er":1}},"":{"~/":5}}';

describe("recoverParts", () => {
  it.each([
    ["a part", ["/a/x"], '{"a":{"x":1.0,"y":2},"list":[1,2,3],"n":1e400,"left":true}'],
    ["numbers as they are written", ["/n"], '{"a":{"x":1,"y":2},"list":[1,2,3],"n":-0,"left":true}'],
    [
      "a whole object, and what is in it",
      ["/a"],
      '{"a":{"x":1.0,"z":[0]},"list":[1,2,3],"n":1e400,"left":true}',
    ],
    ["items", ["/list/0", "/list/3"], '{"a":{"x":1,"y":2},"list":[10,2,3,40],"n":1e400,"left":true}'],
    [
      "objects on the way",
      ["/new/deep/er"],
      '{"a":{"x":1,"y":2},"list":[1,2,3],"n":1e400,"left":true,"new":{"deep":{"er":1}}}',
    ],
    ["odd names", ["/", "//~0~1"], '{"a":{"x":1,"y":2},"list":[1,2,3],"n":1e400,"left":true,"":{"~/":5}}'],
    ["the whole", [""], CHECKPOINT],
    ["one in another", ["/a", "/a/x"], '{"a":{"x":1.0,"z":[0]},"list":[1,2,3],"n":1e400,"left":true}'],
    ["one around another", ["/a/x", "/a"], '{"a":{"x":1.0,"z":[0]},"list":[1,2,3],"n":1e400,"left":true}'],
  ])("takes %s", (_name, pointers, expected) => {
    expect(recoverParts(CURRENT, CHECKPOINT, pointers)).toBe(expected);
  });

  it("refuses what the checkpoint does not have, all of it together", () => {
    expect(
      problems(CURRENT, CHECKPOINT, ["/a/x", "/gone", "/list/7", "/list/-", "/a/x/y", "nonsense"]),
    ).toEqual([...["/gone", "/list/7", "/list/-", "/a/x/y", "nonsense"]]);
  });

  it("refuses what finds no place in the current state", () => {
    expect(problems(CURRENT, CHECKPOINT, ["/list/4"])).toEqual(["/list/4"]);
    expect(problems('{"a":7}', CHECKPOINT, ["/a/x"])).toEqual(["/a/x"]);
    expect(problems("[]", CHECKPOINT, ["/a/x"])).toEqual(["/a/x"]);
    expect(problems("3", CHECKPOINT, ["/n"])).toEqual(["/n"]);
    // An array that is gone comes back as a whole, not item by item.
    expect(problems("{}", CHECKPOINT, ["/list/0"])).toEqual(["/list/0"]);
  });

  it("has no use for what prototypes hold", () => {
    expect(problems("{}", "{}", ["/__proto__", "/constructor", "/toString"])).toHaveLength(3);
    expect(recoverParts('{"b":1}', '{"__proto__":{"x":1}}', ["/__proto__/x"])).toBe(
      '{"b":1,"__proto__":{"x":1}}',
    );
  });

  it("makes the selected part the checkpoint's, and leaves all members beside it alone", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const object = fc.dictionary(fc.string(), value, { minKeys: 1 });
    const property = fc.property(object, object, fc.nat(), (current, checkpoint, choice) => {
      const [a, b] = [JSON.stringify(current), JSON.stringify(checkpoint)];
      const names = Object.keys(JSON.parse(b));
      const name = names[choice % names.length]!;
      const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      expect(parsePointer(pointer)).toEqual([name]);
      const made = JSON.parse(recoverParts(a, b, [pointer]));
      const expected = new Map(Object.entries(JSON.parse(a)));
      expected.set(name, JSON.parse(b)[name]);
      expect(new Map(Object.entries(made))).toEqual(expected);
      // Once more changes nothing.
      expect(recoverParts(JSON.stringify(made), b, [pointer])).toBe(JSON.stringify(made));
    });
    fc.assert(property, { numRuns: 300 });
  });
});

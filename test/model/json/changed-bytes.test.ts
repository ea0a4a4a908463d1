import * as fc from "fast-check";
import { expect, it } from "vitest";
import { changedBytes } from "../../../src/model/json/changed-bytes.ts";
import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { literalBytes, textBytes, utf8Bytes } from "../../../src/model/json/text-bytes.ts";
import { jsonText } from "./arbitrary.ts";

const encoded = (text: string) => new TextEncoder().encode(text).length;

it("counts bytes as the text has them, of what changed alone", () => {
  const a = '{"same":[1, 2],"grown":"é","gone":{"x":1},"swapped":1, "a/b":10}';
  const b = '{"a/b":1,"swapped":2,"grown":"éé😀","same":[1, 2],"new":[1,  2]}';
  expect(changedBytes(a, b)).toEqual({ "/grown": 6, "/gone": -7, "/swapped": 0, "/a~1b": -9 + 8, "/new": 7 });
  expect(changedBytes(a, a)).toEqual({});
});

it("keys are data: prototypes' names, and of a repeated one the last", () => {
  const bytes = changedBytes('{"a":1,"a":22}', '{"__proto__":1,"constructor":22,"":3}');
  expect(Object.entries(bytes).sort()).toEqual(
    Object.entries({ "/": 1, "/__proto__": 1, "/a": -2, "/constructor": 2 }),
  );
});

it("a document that is no object counts as one", () => {
  expect(changedBytes("[1]", '{"a":1}')).toEqual({ "": 4 });
  expect(changedBytes("[1]", "[1]")).toEqual({});
});

it("sizes are those of the printed text", () => {
  const property = fc.property(jsonText, fc.string({ unit: "binary" }), (json, text) => {
    const value = parseLossless(json);
    expect(textBytes(value)).toBe(encoded(stringifyLossless(value)));
    expect(textBytes(value, 3) > 3).toBe(textBytes(value) > 3);
    expect(literalBytes(text)).toBe(encoded(JSON.stringify(text)));
    expect(utf8Bytes(text)).toBe(encoded(text));
  });
  fc.assert(property, { numRuns: 500 });
});

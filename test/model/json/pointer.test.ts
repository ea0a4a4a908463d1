import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPointer, parseIndex, parsePointer } from "../../../src/model/json/pointer.ts";

describe("JSON Pointer (RFC 6901)", () => {
  it.each([
    ["", []],
    ["/foo", ["foo"]],
    ["/foo/0", ["foo", "0"]],
    ["/", [""]],
    ["/a~1b", ["a/b"]],
    ["/c%d", ["c%d"]],
    ["/e^f", ["e^f"]],
    ["/g|h", ["g|h"]],
    ["/i\\j", ["i\\j"]],
    ['/k"l', ['k"l']],
    ["/ ", [" "]],
    ["/m~0n", ["m~n"]],
    ["/~01", ["~1"]],
    ["/~10", ["/0"]],
    ["//", ["", ""]],
    ["/a/", ["a", ""]],
    ["/__proto__", ["__proto__"]],
  ])("reads and prints %j", (text, tokens) => {
    expect(parsePointer(text)).toEqual(tokens);
    expect(formatPointer(tokens)).toBe(text);
  });

  it.each(["foo", " /foo", "#/foo", "0", "~0", "/~", "/~2", "/a~/b", "/~~0", "/ok/~", "\n/a"])(
    "refuses %j",
    (text) => expect(parsePointer(text)).toBeNull(),
  );

  it("prints what it reads and reads what it prints", () => {
    const token = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[~/01]{0,6}$/));
    fc.assert(
      fc.property(fc.array(token), (tokens) => {
        expect(parsePointer(formatPointer(tokens))).toEqual(tokens);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[~/01a]{0,8}$/), (text) => {
        const tokens = parsePointer(text);
        if (tokens) expect(formatPointer(tokens)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("takes array indices in one spelling only", () => {
    expect(["0", "1", "10", "4294967295"].map(parseIndex)).toEqual([0, 1, 10, 4294967295]);
    const others = ["", "-", "-1", "+1", "01", "00", "1.0", "1e0", " 1", "1 ", "1\n", "0x1", "١", "length"];
    expect(others.map(parseIndex)).toEqual(others.map(() => null));
  });
});

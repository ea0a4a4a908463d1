import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { formatPointer, parseIndex } from "../../../src/model/json/pointer.ts";
import { selectRaw } from "../../../src/model/json/select.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";
import { jsonText, pointerTokens } from "./arbitrary.ts";

/** The slow way: parse the whole document and walk. */
function navigate(value: JsonValue, tokens: string[]): JsonValue | undefined {
  return tokens.reduce<JsonValue | undefined>((at, token) => {
    if (typeof at !== "object" || at === null || JSON.isRawJSON(at)) return undefined;
    if (Array.isArray(at) && parseIndex(token) === null) return undefined;
    return Object.getOwnPropertyDescriptor(at, token)?.value;
  }, value);
}

/** The slice that one pointer selected; undefined when it was left out. */
function slice(text: string, pointer: string): string | undefined {
  const answer = selectRaw(text, [pointer]);
  return answer === "{}" ? undefined : answer.slice(`{${JSON.stringify(pointer)}:`.length, -1);
}

describe("selectRaw", () => {
  const document = `
    { "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\\\j": 5, "k\\"l": 6, " ": 7, "m~n": 8 }
  `;

  it.each([
    ["", document.trim()],
    ["/foo", '["bar", "baz"]'],
    ["/foo/0", '"bar"'],
    ["/", "0"],
    ["/a~1b", "1"],
    ["/c%d", "2"],
    ["/e^f", "3"],
    ["/g|h", "4"],
    ["/i\\j", "5"],
    ['/k"l', "6"],
    ["/ ", "7"],
    ["/m~0n", "8"],
  ])("finds the RFC 6901 example %j", (pointer, expected) => expect(slice(document, pointer)).toBe(expected));

  it("cuts exactly: white space, big numbers and escapes stay", () => {
    const text =
      '{"a" :\t[ 1e400 ,\n-0, 123456789012345678901 ] , "b":{ "x" : "\\u0061\\ud800" }\r\n,"c":1.0}';
    expect(selectRaw(text, ["/c", "/a", "/b", "/a/0", "/b/x", "/a/2"])).toBe(
      '{"/c":1.0,"/a":[ 1e400 ,\n-0, 123456789012345678901 ],"/b":{ "x" : "\\u0061\\ud800" },"/a/0":1e400,"/b/x":"\\u0061\\ud800","/a/2":123456789012345678901}',
    );
    expect(["12", " -0.0 ", '"x"', "true\n"].map((scalar) => slice(scalar, ""))).toEqual([
      "12",
      "-0.0",
      '"x"',
      "true",
    ]);
  });

  it("answers in the order asked, each pointer once, misses left out", () => {
    expect(selectRaw('{"a":1,"b":2}', ["/b", "/x", "/a", "/b", "a", "/~2"])).toBe('{"/b":2,"/a":1}');
    expect(selectRaw("[1,[2],3]", ["/2", "/0", "/1/0"])).toBe('{"/2":3,"/0":1,"/1/0":2}');
    expect(selectRaw("[1]", [])).toBe("{}");
  });

  it("lets the last of repeated keys win, with all that was below the earlier", () => {
    expect(slice('{"a":1,"a":2}', "/a")).toBe("2");
    expect(slice('{"a":{"b":1},"a":{}}', "/a/b")).toBeUndefined();
    expect(slice('{"a":{"b":1},"a":7}', "/a/b")).toBeUndefined();
    expect(slice('{"a":{"b":1},"\\u0061":{"b":2}}', "/a/b")).toBe("2");
    expect(selectRaw('{"a":[1,2],"a":[3]}', ["/a/0", "/a/1"])).toBe('{"/a/0":3}');
  });

  it.each(["-", "01", "00", "-1", "1e0", "1.0", "", "2", "99999999999999999999", "1".repeat(400), "length"])(
    "takes %j for no index of an array",
    (token) => {
      expect(slice("[[1],[2]]", `/${token}`)).toBeUndefined();
      expect(slice(`{"${token}":"member"}`, `/${token}`)).toBe('"member"');
    },
  );

  it("treats names of prototypes as plain names", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(slice('{"a":{}}', `/${name}`)).toBeUndefined();
      expect(slice(`{"${name}":{"${name}":1}}`, `/${name}/${name}`)).toBe("1");
    }
  });

  it("walks through nothing but arrays and objects", () => {
    for (const scalar of ['"abc"', "12", "1e400", "null", "true"]) {
      expect(slice(scalar, "/0")).toBeUndefined();
      expect(slice(`{"a":${scalar}}`, "/a/length")).toBeUndefined();
    }
  });

  it("ends on broken text instead of hanging", () => {
    const broken = [
      "",
      "[",
      "[1",
      "{",
      '{"a"',
      '{"a":',
      '{"a":1',
      '["',
      "[,",
      "{,",
      '{"a":[',
      "]",
      "[1 2]",
      '"\\',
    ];
    for (const text of broken) {
      expect(typeof selectRaw(text, ["/a", "/0", "/1", "/99999999999", "/a/0"])).toBe("string");
    }
  });

  it("agrees with walking the parsed document", () => {
    fc.assert(
      fc.property(jsonText, fc.array(pointerTokens, { maxLength: 5 }), (text, paths) => {
        const whole = parseLossless(text);
        const hits = paths.flatMap((path) => {
          const value = navigate(whole, path);
          return value === undefined ? [] : [[formatPointer(path), stringifyLossless(value)] as const];
        });
        const answer = selectRaw(text, paths.map(formatPointer));
        const expected = [...new Map(hits)].map(([pointer, value]) => `${JSON.stringify(pointer)}:${value}`);
        expect(compact(answer)).toBe(compact(`{${expected}}`));
        for (const path of paths) {
          const part = slice(text, formatPointer(path));
          if (part !== undefined) expect(text).toContain(part);
          expect(part).toBe(part?.trim());
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("finds every value of a document by its own pointer", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const all: [string, string][] = [];
        const visit = (value: JsonValue, path: string[]): void => {
          all.push([formatPointer(path), stringifyLossless(value)]);
          if (typeof value !== "object" || value === null || JSON.isRawJSON(value)) return;
          for (const [key, child] of Object.entries(value)) visit(child as JsonValue, [...path, key]);
        };
        visit(parseLossless(text), []);
        const answer = selectRaw(
          text,
          all.map(([pointer]) => pointer),
        );
        expect(compact(answer)).toBe(compact(`{${all.map(([p, v]) => `${JSON.stringify(p)}:${v}`)}}`));
      }),
      { numRuns: 300 },
    );
  });
});

/** One spelling of a document: no white space, escapes as the printer has them, numbers untouched. */
function compact(text: string): string {
  return stringifyLossless(parseLossless(text));
}

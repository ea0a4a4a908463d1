import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalJson, parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { isRawNumber, type JsonValue } from "../../../src/model/json/value.ts";
import { awkwardNumbers, jsonText } from "./arbitrary.ts";

const roundTrip = (text: string) => stringifyLossless(parseLossless(text));
const equal = (a: string, b: string) => equalJson(parseLossless(a), parseLossless(b));

describe("parseLossless and stringifyLossless", () => {
  it.each([
    ...awkwardNumbers,
    "0.000",
    "1e5",
    "100E-2",
    "5e-324",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    `[1,{"a":[-0,"1.0",1.0]},null,true]`,
    `{"__proto__":1e400,"constructor":{"__proto__":[1.0]},"toJSON":"x"}`,
    `{"__proto__":null,"hasOwnProperty":1}`,
    `"\\ud800"`,
    `{"\\udfff":"\\ud83d\\ude00"}`.replace("\\ud83d\\ude00", "😀"),
    `"\\u0000"`,
    `""`,
    `"__proto__"`,
    `[]`,
    `{}`,
  ])("brings %s back", (text) => expect(roundTrip(text)).toBe(text));

  it("keeps plain numbers as numbers, and others as their text", () => {
    expect(parseLossless("[0,-1.5,123456]")).toEqual([0, -1.5, 123456]);
    expect(isRawNumber(parseLossless("1.0"))).toBe(true);
    expect(isRawNumber(parseLossless("1"))).toBe(false);
    expect(isRawNumber(parseLossless('{"rawJSON":"1"}'))).toBe(false);
  });

  it("finds a number that needs its text anywhere, and none inside strings", () => {
    expect(roundTrip('{"1.0":"1e400","a":[[["\\\\"]],{"b":10,"c":1.0}]}')).toBe(
      '{"1.0":"1e400","a":[[["\\\\"]],{"b":10,"c":1.0}]}',
    );
    expect(roundTrip('["a\\"",1.50,"\\"-0"]')).toBe('["a\\"",1.50,"\\"-0"]');
  });

  it("makes __proto__ an own member and leaves the prototype alone", () => {
    for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1.0}}']) {
      const value = parseLossless(text) as Record<string, unknown>;
      expect(Object.keys(value)).toEqual(["__proto__"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect("x" in value).toBe(false);
    }
  });

  it("lets the last of repeated keys win, as JSON.parse", () => {
    expect(roundTrip('{"a":1.0,"b":{"c":1.0},"a":2.0,"b":3}')).toBe('{"a":2.0,"b":3}');
    expect(roundTrip('{"a":2,"a":{"b":1.0}}')).toBe('{"a":{"b":1.0}}');
    expect(roundTrip('{"__proto__":1.0,"__proto__":2.0}')).toBe('{"__proto__":2.0}');
  });

  it.each(["", "[1.0", "1.", "-", "+1", "[1.0,]", '{"a":1e}'])("throws on %j", (text) =>
    expect(() => parseLossless(text)).toThrow(SyntaxError),
  );

  it("keeps every text of a compact document whose keys are unique and in order", () => {
    const scalar = fc.oneof(
      fc.constantFrom(...awkwardNumbers, "null", "true"),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
      fc.tuple(fc.bigInt(), fc.nat(99)).map(([n, e]) => `${n}.0E${e}`),
      fc.string({ unit: "binary" }).map((s) => JSON.stringify(s)),
    );
    const key = fc.oneof(
      fc.constantFrom("__proto__", "toString"),
      fc.string().map((s) => `k${s}`),
    );
    const compact = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        scalar,
        fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items}]`),
        fc
          .uniqueArray(fc.tuple(key, tie("value")), { selector: ([k]) => k, maxLength: 4 })
          .map((members) => `{${members.map(([k, v]) => `${JSON.stringify(k)}:${v}`)}}`),
      ),
    })).value;
    fc.assert(
      fc.property(compact, (text) => {
        expect(roundTrip(text)).toBe(text);
      }),
      { numRuns: 700 },
    );
  });

  it("means the same as JSON.parse for any JSON", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(JSON.stringify(JSON.parse(roundTrip(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 700 },
    );
  });
});

describe("equalJson", () => {
  it.each([
    ["1.0", "1"],
    ["1e400", "1e400"],
    ["1e400", "10E399"],
    ["1E+400", "0.1e401"],
    ["-0", "0"],
    ["0.0e9", "-0.0"],
    ["100", "1e2"],
    ["0.10", "0.1"],
    ["1e-7", "0.0000001"],
    ["9007199254740993", "9007199254740993.0"],
    ["123456789012345678901234567890", "12345678901234567890123456789e1"],
    ["1e99999999999999999999", "1e99999999999999999999"],
    ["[1,[2.0,{}]]", "[1.0,[2,{}]]"],
    ['{"a":1,"b":[2]}', '{"b":[2.0],"a":1}'],
    ['{"__proto__":1}', '{"__proto__":1.0}'],
    ['"\\u0061"', '"a"'],
    ['"\\ud800"', '"\\ud800"'],
    ["null", "null"],
  ])("%s equals %s", (a, b) => {
    expect(equal(a, b)).toBe(true);
    expect(equal(b, a)).toBe(true);
  });

  it.each([
    ["1", "2"],
    ["1.0", "1.1"],
    ["1e400", "1e401"],
    ["1e400", "-1e400"],
    ["9007199254740993", "9007199254740992"],
    ["1e-400", "0"],
    ["1", '"1"'],
    ["1.0", '"1.0"'],
    ["1.0", "[1.0]"],
    ["1.0", '{"rawJSON":"1.0"}'],
    ["1.0", "null"],
    ["0", "false"],
    ["0", "null"],
    ["[]", "{}"],
    ["[]", "null"],
    ["[1,2]", "[2,1]"],
    ["[1]", "[1,1]"],
    ['{"a":1}', '{"b":1}'],
    ['{"a":1}', '{"a":1,"b":1}'],
    ['{"toString":1}', "{}"],
    ['{"__proto__":{}}', '{"a":{}}'],
    ['"é"', '"e\\u0301"'],
    ["1e99999999999999999999", "10e99999999999999999998"],
    ["[[[1]]]", "[[[2]]]"],
    ['"\\ud800"', '"\\ud801"'],
  ])("%s differs from %s", (a, b) => {
    expect(equal(a, b)).toBe(false);
    expect(equal(b, a)).toBe(false);
  });

  it("agrees with the printed form of values with sorted keys", () => {
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sorted);
      if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
      return Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([k, v]) => [k, sorted(v)]);
    };
    const print = (value: unknown) => JSON.stringify([typeof value, Array.isArray(value), sorted(value)]);
    const value = fc.jsonValue({ maxDepth: 2, noUnicodeString: true } as never) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(equalJson(a, structuredClone(a))).toBe(true);
        if (print(a) !== print(b)) expect(equalJson(a, b)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("needs no stack for deep values and compares very long numbers as texts", () => {
    const deep = () => Array.from({ length: 1e5 }).reduce<JsonValue>((inner) => [inner], 1);
    expect(equalJson(deep(), deep())).toBe(true);
    const long = `1${"0".repeat(1e6)}1`;
    expect(equal(long, long)).toBe(true);
    expect(equal(long, `${long}.0`)).toBe(false);
    expect(equal(`1${"0".repeat(4000)}`, "1.0e4000")).toBe(true);
  });
});

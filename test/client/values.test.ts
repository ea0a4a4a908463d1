import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CairnValueError, decodeValue, encodeValue, VALUES_TYPE } from "../../src/client/index.ts";
import { keptValue, taggedJson } from "./values-arbitrary.ts";

const text = (value: unknown) => new TextDecoder().decode(encodeValue(value).bytes);
const back = (value: unknown) => decodeValue(encodeValue(value));
const read = (json: string, contentType = VALUES_TYPE) =>
  decodeValue({ bytes: new TextEncoder().encode(json), contentType });

class Point {
  x = 1;
}
class Marks extends Map {}

describe("values come back as they were saved", () => {
  test("of every kind, however they are put together", () => {
    fc.assert(
      fc.property(keptValue, (value) => isDeepStrictEqual(back(value), value)),
      { numRuns: 2000 },
    );
  });

  test("plain JSON is its plain text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!hasNegativeZero(value));
        expect(encodeValue(value).contentType).toBe("application/json");
        expect(text(value)).toBe(JSON.stringify(value));
      }),
    );
    expect(encodeValue({ $ref: "#/a", deep: [{ $date: 1 }] }).contentType).toBe("application/json");
  });

  test.each<[unknown, string]>([
    [new Date("2026-11-23T08:00:00.000Z"), '{"$date":"2026-11-23T08:00:00.000Z"}'],
    [new Date(Number.NaN), '{"$date":null}'],
    [{ a: new Uint8Array([1, 2, 255]) }, '{"a":{"$bytes":"AQL/"}}'],
    [new Uint8Array([1, 2, 255]).buffer, '{"$buffer":"AQL/"}'],
    [new Float32Array([1]), '{"$float32array":"AACAPw=="}'],
    [new Set([1, "a"]), '{"$set":[1,"a"]}'],
    [new Map([["a", { b: 1 }]]), '{"$map":[["a",{"b":1}]]}'],
    [-12n, '{"$bigint":"-12"}'],
    [[Number.NaN, -0, -1 / 0], '[{"$number":"NaN"},{"$number":"-0"},{"$number":"-Infinity"}]'],
    [{ a: undefined }, '{"a":{"$undefined":true}}'],
    [/a\/b/gi, '{"$regexp":"/a\\\\/b/gi"}'],
    [new URL("https://a.example/b"), '{"$url":"https://a.example/b"}'],
    [[{ $date: "no" }, 1n], '[{"$$date":"no"},{"$bigint":"1"}]'],
  ])("%o is %s", (value, json) => {
    expect(encodeValue(value).contentType).toBe(VALUES_TYPE);
    expect(text(value)).toBe(json);
    expect(read(json)).toStrictEqual(value);
  });

  test("what is in it twice is one object again, cycles too", () => {
    const shared = { at: new Date(0) };
    const value: Record<string, unknown> = { "a/b": [shared], copy: shared, same: new Map([[shared, 1]]) };
    value.self = value;
    value.all = new Set([value, value.same]);
    const found = back(value) as typeof value;
    const [first] = found["a/b"] as [object];
    expect(first).toStrictEqual({ at: new Date(0) });
    expect(found.copy).toBe(first);
    expect([...(found.same as Map<object, number>).keys()]).toEqual([first]);
    expect(found.self).toBe(found);
    expect([...(found.all as Set<unknown>)]).toEqual([found, found.same]);
    expect(text({ a: shared, b: shared })).toBe(
      '{"a":{"at":{"$date":"1970-01-01T00:00:00.000Z"}},"b":{"$ref":"/a"}}',
    );
  });

  test("bytes are bytes, and later changes do not reach them", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const content = encodeValue(bytes);
    bytes.fill(0);
    expect(content).toEqual({ bytes: new Uint8Array([1, 2, 3]), contentType: "application/octet-stream" });
  });

  test("of a view goes only what it shows, of any subclass", () => {
    const view = new Uint8Array(1_000_000).subarray(7, 9);
    expect(text([view, Buffer.from("ab")])).toBe('[{"$bytes":"AAA="},{"$bytes":"YWI="}]');
    expect(back([Buffer.from("ab")])).toStrictEqual([new Uint8Array([97, 98])]);
  });

  test("a small change of a value is a small change of its text", () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ id: i, at: new Date(i) }));
    const [before, after] = [text(rows), text([{ id: -1, at: new Date(0) }, ...rows])];
    expect(after.endsWith(before.slice(1))).toBe(true);
  });
});

describe("what would not come back as it is", () => {
  const deep = (levels: number, inner: unknown) => {
    let value = inner;
    for (let i = 0; i < levels; i++) value = [value];
    return value;
  };

  test.each<[string, unknown, string]>([
    ["a function", { a: { "b/c": [0, () => 1] } }, "/a/b~1c/1"],
    ["a symbol", [Symbol("a")], "/0"],
    ["an instance of a class", { p: new Point() }, "/p"],
    ["an instance of a subclass", [1n, new Marks()], "/1"],
    ["a key of a Map", new Map([[() => 1, 1]]), "/$map/0/0"],
    ["a member of a Set", { s: new Set([new Point()]) }, "/s/$set/0"],
    ["an Error", { e: new Error("no") }, "/e"],
    ["a Promise", { p: Promise.resolve(1) }, "/p"],
    ["a boxed number", [Object(1)], "/0"],
    ["a DataView", [new DataView(new ArrayBuffer(1))], "/0"],
    ["holes", { a: new Array(2) }, "/a"],
    ["a match", /a/.exec("a"), ""],
    ["a subclass of Array", [new (class Row extends Array {})()], "/0"],
    ["symbols for keys", { a: { [Symbol.iterator]: 1 } }, "/a"],
    ["a Set with members", Object.assign(new Set(), { a: 1 }), ""],
    ["more than 64 levels", deep(65, 1), "/0".repeat(64)],
    ["more than 64 levels with a tag", deep(64, 1n), "/0".repeat(64)],
    ["more than 64 levels with a Set", deep(63, new Set()), `${"/0".repeat(63)}/$set`],
  ])("is refused with its place: %s", (_, value, pointer) => {
    expect(() => encodeValue(value)).toThrow(CairnValueError);
    expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: "unsupported_value", pointer }));
  });

  test("what is just deep enough is kept", () => {
    for (const value of [deep(64, 1), deep(63, 1n), deep(62, new Set())]) {
      expect(back(value)).toStrictEqual(value);
    }
  });
});

describe("hostile texts", () => {
  test("set no prototype, in plain JSON and in values", () => {
    const json = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    for (const found of [read(json, "application/json"), read(`[${json},{"$bigint":"1"}]`)]) {
      const object = (Array.isArray(found) ? found[0] : found) as object;
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
      expect(isDeepStrictEqual(back([object, 1n]), [object, 1n])).toBe(true);
      expect(text(object)).toBe(json);
    }
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined();
  });

  test.each([
    ...["", "{", "\ufeff1", '{"$nothing":1}', '{"$date":"23.11.2026"}', '{"$date":"2026-13-01T00:00:00Z"}'],
    ...[
      '{"$bytes":"*"}',
      '{"$bytes":[1]}',
      '{"$float64array":"AAAA"}',
      '{"$regexp":"/(/"}',
      '{"$regexp":"/"}',
    ],
    ...['{"$regexp":"a"}', '{"$url":"no"}', '{"$bigint":"0x1"}', '{"$bigint":""}', '{"$number":"1"}'],
    ...['{"$number":1}', '{"$undefined":false}', '{"$set":{}}', '{"$map":[[1]]}', '{"$map":[[1,2,3]]}'],
    ...['{"$map":{"a":1}}', '{"$object":{}}', '{"$ref":1}', '{"$ref":"a"}', '{"$ref":""}'],
    ...['{"$ref":"/$ref"}', '[{"$ref":"/1"},[]]', '[[],{"$ref":"/00"}]', '[1,{"$ref":"/0"}]'],
    ...['{"a":{"$ref":"/__proto__"}}', '[{"$ref":"/length"}]', '{"$constructor":1}', '{"$__proto__":1}'],
    `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`,
    `${'{"$set":['.repeat(40)}${"]}".repeat(40)}`,
  ])("are refused, with no word of what they hold: %.40s", (json) => {
    expect(() => read(json)).toThrow(CairnValueError);
    expect(() => read(json)).toThrow(expect.objectContaining({ code: "bad_value" }));
  });

  test("are read or refused, and nothing else", () => {
    fc.assert(
      fc.property(taggedJson, (document) => {
        let value: unknown;
        try {
          value = read(JSON.stringify(document));
        } catch (error) {
          return error instanceof CairnValueError;
        }
        return isDeepStrictEqual(back(value), value);
      }),
      { numRuns: 5000 },
    );
  });

  test("bytes that are no UTF-8 are refused, and of another type they are bytes", () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    expect(() => decodeValue({ bytes, contentType: "application/json" })).toThrow(CairnValueError);
    expect(decodeValue({ bytes, contentType: "text/plain" })).toBe(bytes);
    expect(read("[1]", "Application/LD+JSON; charset=utf-8")).toEqual([1]);
  });
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, -0);
  return Object.values(value).some(hasNegativeZero);
}

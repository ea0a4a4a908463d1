import { describe, expect, it } from "vitest";
import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import type { MergePolicy } from "../../../src/model/pipeline.ts";
import { mergeJson } from "../../../src/recovery/merge/merge.ts";

/** The merged text, or the pointers that clash. */
function merged(base: string, current: string, incoming: string, policy: MergePolicy = {}) {
  const result = mergeJson(parseLossless(base), parseLossless(current), parseLossless(incoming), policy);
  return result.ok ? stringifyLossless(result.value) : result.clashes.map(({ pointer }) => pointer);
}

describe("objects", () => {
  it.each([
    ["different members", '{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":1,"b":2}', '{"a":2,"b":2}'],
    ["at depth", '{"x":{"a":1,"b":1}}', '{"x":{"a":2,"b":1}}', '{"x":{"a":1}}', '{"x":{"a":2}}'],
    ["new members", "{}", '{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ["objects that both added", "{}", '{"x":{"a":1}}', '{"x":{"b":2}}', '{"x":{"a":1,"b":2}}'],
    ["the same change", '{"a":1}', '{"a":2}', '{"a":2}', '{"a":2}'],
    ["the same removal", '{"a":1,"b":1}', '{"b":2}', '{"b":1}', '{"b":2}'],
    ["the same object twice", "{}", '{"x":{"a":1}}', '{"x":{"a":1}}', '{"x":{"a":1}}'],
  ])("%s go together", (_, base, current, incoming, result) => {
    expect(merged(base, current, incoming)).toBe(result);
  });

  it.each([
    ["two values", '{"a":1}', '{"a":2}', '{"a":3}', ["/a"]],
    ["two new values", "{}", '{"a":2}', '{"a":3}', ["/a"]],
    ["removed here, edited there", '{"a":1,"b":1}', '{"b":1}', '{"a":2,"b":1}', ["/a"]],
    ["edited here, removed there", '{"x":{"a":1}}', '{"x":{"a":2}}', "{}", ["/x"]],
    ["several", '{"a":1,"x":{"b":1}}', '{"a":2,"x":{"b":2}}', '{"a":3,"x":{"b":3}}', ["/a", "/x/b"]],
    ["the whole", "1", "2", "3", [""]],
    ["two types", '{"a":1}', '{"a":[]}', '{"a":{}}', ["/a"]],
    ["objects in the place of something else", '{"a":1}', '{"a":{"b":1}}', '{"a":{"c":1}}', ["/a"]],
    ["escaped", '{"a/b~":1}', '{"a/b~":2}', '{"a/b~":3}', ["/a~1b~0"]],
  ])("%s clash", (_, base, current, incoming, pointers) => {
    expect(merged(base, current, incoming)).toEqual(pointers);
  });

  it("keeps __proto__ as the member that it is", () => {
    const text = merged(
      '{"__proto__":{"a":1},"b":1}',
      '{"__proto__":{"a":1,"c":1},"b":1}',
      '{"__proto__":{"a":2},"b":2,"constructor":3}',
    );
    expect(text).toBe('{"__proto__":{"a":2,"c":1},"b":2,"constructor":3}');
    expect(merged("{}", '{"__proto__":1}', "{}")).toBe('{"__proto__":1}');
    expect(merged('{"__proto__":1}', "{}", '{"__proto__":2}')).toEqual(["/__proto__"]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});

describe("numbers", () => {
  it("keep their text", () => {
    const text = merged(
      '{"a":1.0,"b":1e400,"c":0}',
      '{"a":1.0,"b":1e400,"c":1}',
      '{"a":2.50,"b":1e400,"c":0}',
    );
    expect(text).toBe('{"a":2.50,"b":1e400,"c":1}');
  });

  it("are not changed by another spelling, which is kept where nothing else was", () => {
    expect(merged('{"a":1.0,"b":1.0}', '{"a":1.5,"b":1.0}', '{"a":1,"b":1}')).toBe('{"a":1.5,"b":1}');
    expect(merged("[1.0,2.0]", "[1.0,2.5]", "[1,2]")).toBe("[1.0,2.5]");
    expect(merged("[1.0,2.0]", "[1.0,2.0,3]", "[1,2]")).toBe("[1.0,2.0,3]");
    expect(merged("[1.0,2.0]", "[1.0,2.5]", "[1,2,3]")).toBe("[1.0,2.5,3]");
    expect(merged('{"a":1}', '{"a":2.0}', '{"a":2}')).toBe('{"a":2.0}');
    expect(merged('{"a":{"b":1.0}}', "{}", '{"a":{"b":1}}')).toBe("{}");
  });
});

describe("arrays", () => {
  it.each([
    ["different items", "[1,2,3]", "[9,2,3]", "[1,2,8]", "[9,2,8]"],
    ["neighbours", "[1,2,3]", "[9,8,3]", "[1,2,7]", "[9,8,7]"],
    ["an edit and an append", "[1,2]", "[1,9]", "[1,2,3]", "[1,9,3]"],
    ["a removal and an append", "[1,2,3]", "[2,3]", "[1,2,3,4]", "[2,3,4]"],
    ["the last removed and an append", "[1,2]", "[1]", "[1,2,3]", "[1,3]"],
    ["all removed and an append", "[1,2]", "[]", "[1,2,3]", "[3]"],
    ["two insertions", "[1,2]", "[0,1,2]", "[1,2,3]", "[0,1,2,3]"],
    [
      "an edit behind an insertion",
      '[{"n":1},{"n":2}]',
      '[0,{"n":1},{"n":2}]',
      '[{"n":1},{"n":9}]',
      '[0,{"n":1},{"n":9}]',
    ],
    ["two removals", "[1,2,3,4]", "[1,4]", "[1,2]", "[1]"],
    ["the same append", "[1]", "[1,2]", "[1,2]", "[1,2]"],
    ["the same append and more", "[1,2]", "[0,2,3]", "[1,2,3]", "[0,2,3]"],
    [
      "a queue that moved on, and an edit",
      '[{"n":1},{"n":2}]',
      '[{"n":2},{"n":3}]',
      '[{"n":1},{"n":2}]',
      '[{"n":2},{"n":3}]',
    ],
  ])("%s go together", (_, base, current, incoming, result) => {
    expect(merged(base, current, incoming)).toBe(result);
  });

  it.each([
    ["two appends", "[1]", "[1,2]", "[1,3]", [""]],
    ["two edits of an item", "[1,2]", "[9,2]", "[8,2]", ["/0"]],
    [
      "two edits of different members of an item",
      '[{"a":1,"b":1}]',
      '[{"a":2,"b":1}]',
      '[{"a":1,"b":2}]',
      ["/0"],
    ],
    ["a removal and an edit", "[1,2]", "[2]", "[9,2]", ["/0"]],
    ["a run of another length and an edit in it", "[1,2,3]", "[9,3]", "[1,8,3]", [""]],
    ["an append to an edited run that both lengthened", "[1]", "[9,2]", "[1,3]", [""]],
    ["two arrays where nothing was", '{"a":0}', '{"a":[1]}', '{"a":[2]}', ["/a"]],
    ["items behind an insertion, by their place in the base", "[1,2,3]", "[0,1,2,9]", "[1,2,8]", ["/2"]],
    [
      "a place of a queue that both moved on",
      '[{"n":1},{"n":2}]',
      '[{"n":2,"x":1},{"n":3}]',
      '[{"n":1,"y":1},{"n":2}]',
      ["/0"],
    ],
  ])("%s clash", (_, base, current, incoming, pointers) => {
    expect(merged(base, current, incoming)).toEqual(pointers);
  });
});

describe("rules", () => {
  it("take ours or theirs where it clashes, and nowhere else", () => {
    const documents = [
      '{"x":{"a":1,"b":1,"c":1}}',
      '{"x":{"a":2,"b":2,"c":1}}',
      '{"x":{"a":3,"b":1,"c":2}}',
    ] as const;
    expect(merged(...documents, { "/x": "ours" })).toBe('{"x":{"a":2,"b":2,"c":2}}');
    expect(merged(...documents, { "": "theirs" })).toBe('{"x":{"a":3,"b":2,"c":2}}');
    expect(merged(...documents, { "/x/b": "ours", "/y": "ours", "/x/a/b": "ours" })).toEqual(["/x/a"]);
  });

  it("of the longest pointer count, token by token", () => {
    const documents = ['{"ab":1,"a":{"b":1}}', '{"ab":2,"a":{"b":2}}', '{"ab":3,"a":{"b":3}}'] as const;
    expect(merged(...documents, { "/a": "ours", "/a/b": "theirs" })).toEqual(["/ab"]);
    expect(merged(...documents, { "": "ours", "/a": "theirs" })).toBe('{"ab":2,"a":{"b":3}}');
    expect(merged('{"a/b":1}', '{"a/b":2}', '{"a/b":3}', { "/a~1b": "ours", "/a": "theirs" })).toBe(
      '{"a/b":2}',
    );
  });

  it("keep what was removed away, or bring it back", () => {
    const documents = ['{"a":1,"l":[1,2]}', '{"l":[2]}', '{"a":2,"l":[9,2]}'] as const;
    expect(merged(...documents, { "": "ours" })).toBe('{"l":[2]}');
    expect(merged(...documents, { "": "theirs" })).toBe('{"l":[9,2],"a":2}');
  });

  it("sum adds both differences, exactly", () => {
    const sum = (base: string, current: string, incoming: string) =>
      merged(`{"n":${base}}`, `{"n":${current}}`, `{"n":${incoming}}`, { "/n": "sum" });
    expect(sum("10", "13", "12")).toBe('{"n":15}');
    expect(sum("0", "0.1", "0.2")).toBe('{"n":0.3}');
    expect(sum("1.00", "1.10", "1.20")).toBe('{"n":1.30}');
    expect(sum("9007199254740993", "9007199254740994", "9007199254740995")).toBe('{"n":9007199254740996}');
    expect(sum("1e3", "2e3", "3e3")).toBe('{"n":4000}');
    expect(sum("5", "1", "2")).toBe('{"n":-2}');
    expect(sum("1e400", "2e400", "3")).toMatch(/^\{"n":10{399}3\}$/);
    expect(sum("0", "1e9999", "1")).toEqual(["/n"]);
    expect(merged("{}", '{"n":2}', '{"n":3}', { "/n": "sum" })).toBe('{"n":5}');
  });

  it("sum counts the same difference on both sides twice, and one once", () => {
    const policy = { "": "sum" } as const;
    expect(merged('{"n":1}', '{"n":2}', '{"n":2}', policy)).toBe('{"n":3}');
    expect(merged('{"n":1}', '{"n":2}', '{"n":2.0}', policy)).toBe('{"n":3.0}');
    expect(merged('{"n":1}', '{"n":2}', '{"n":1.0}', policy)).toBe('{"n":2}');
    expect(merged("{}", '{"x":{"n":1,"s":"a"}}', '{"x":{"n":1,"s":"a"}}', policy)).toBe(
      '{"x":{"n":2,"s":"a"}}',
    );
    expect(merged("[0,0,5]", "[1,0,5]", "[1,2,5]", policy)).toBe("[2,2,5]");
    expect(merged('{"n":1,"m":1}', '{"n":2,"m":2}', '{"n":2,"m":2}', { "/m": "sum" })).toBe('{"n":2,"m":3}');
  });

  it("max takes the larger number, as it is written", () => {
    const max = (current: string, incoming: string) =>
      merged('{"n":0}', `{"n":${current}}`, `{"n":${incoming}}`, { "/n": "max" });
    expect(max("1.50", "1.5e-7")).toBe('{"n":1.50}');
    expect(max("1e400", "9e399")).toBe('{"n":1e400}');
    expect(max("-1e400", "-9e399")).toBe('{"n":-9e399}');
    expect(max("9007199254740993", "9007199254740992")).toBe('{"n":9007199254740993}');
    expect(max("0.30000000000000004", "0.3")).toBe('{"n":0.30000000000000004}');
    expect(max("1e99999999999999999999", "1")).toEqual(["/n"]);
  });

  it("union has the items of both, without those that either removed", () => {
    const union = (base: string, current: string, incoming: string) =>
      merged(base, current, incoming, { "": "union" });
    expect(union("[1]", "[1,2]", "[1,3]")).toBe("[1,2,3]");
    expect(union("[1,2,3]", "[2,3,4]", "[1,3,5]")).toBe("[3,4,5]");
    expect(union("[1]", "[2]", "[3]")).toBe("[2,3]");
    expect(union("[]", '["b","a"]', '["c","a","d"]')).toBe('["b","a","c","d"]');
    expect(union("[1,1]", "[1,1,1,2]", "[1,1,3]")).toBe("[1,1,1,2,3]");
    expect(union('{"l":[]}', '{"l":[{"a":1,"b":1.0}]}', '{"l":[{"b":1,"a":1},2]}')).toBe(
      '{"l":[{"a":1,"b":1.0},2]}',
    );
    expect(merged("{}", '{"l":[1]}', '{"l":[2]}', { "/l": "union" })).toBe('{"l":[1,2]}');
  });

  it("that do not fit leave the clash", () => {
    for (const rule of ["union", "max", "sum"] as const) {
      expect(merged('{"a":"x"}', '{"a":"y"}', '{"a":"z"}', { "/a": rule })).toEqual(["/a"]);
      expect(merged('{"a":1}', "{}", '{"a":2}', { "/a": rule })).toEqual(["/a"]);
    }
    expect(merged('{"a":null}', '{"a":1}', '{"a":2}', { "/a": "sum" })).toEqual(["/a"]);
    expect(merged('{"a":[1]}', '{"a":[2]}', '{"a":3}', { "/a": "union" })).toEqual(["/a"]);
  });
});

it("tells the first of many clashes, and how many there are", () => {
  const of = (value: number) => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, value]));
  const result = mergeJson(of(0), of(1), of(2));
  expect(result).toMatchObject({ ok: false, count: 1000 });
  expect(!result.ok && result.clashes).toHaveLength(100);
  expect(!result.ok && result.clashes[99]).toEqual({ pointer: "/k99", message: expect.any(String) });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "../../../src/model/json/json-patch.ts";
import { equalJson, parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";
import { jsonText } from "./arbitrary.ts";
import { pointersOf, referencePatch } from "./reference-patch.ts";

function run(target: string, patch: string): string {
  const result = applyJsonPatch(parseLossless(target), parseLossless(patch));
  return result.ok ? stringifyLossless(result.value) : `${result.reason} ${result.pointer}`;
}

describe("JSON Patch (RFC 6902), appendix A", () => {
  it.each([
    [
      "A.1 add an object member",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux"}]',
      '{"foo":"bar","baz":"qux"}',
    ],
    [
      "A.2 add an array element",
      '{"foo":["bar","baz"]}',
      '[{"op":"add","path":"/foo/1","value":"qux"}]',
      '{"foo":["bar","qux","baz"]}',
    ],
    [
      "A.3 remove an object member",
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"remove","path":"/baz"}]',
      '{"foo":"bar"}',
    ],
    [
      "A.4 remove an array element",
      '{"foo":["bar","qux","baz"]}',
      '[{"op":"remove","path":"/foo/1"}]',
      '{"foo":["bar","baz"]}',
    ],
    [
      "A.5 replace a value",
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"replace","path":"/baz","value":"boo"}]',
      '{"baz":"boo","foo":"bar"}',
    ],
    [
      "A.6 move a value",
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      "A.7 move an array element",
      '{"foo":["all","grass","cows","eat"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      "A.8 test a value: success",
      '{"baz":"qux","foo":["a",2,"c"]}',
      '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    ["A.9 test a value: error", '{"baz":"qux"}', '[{"op":"test","path":"/baz","value":"bar"}]', "failed /0"],
    [
      "A.10 add a nested member object",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
      '{"foo":"bar","child":{"grandchild":{}}}',
    ],
    [
      "A.11 ignore unrecognized elements",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
      '{"foo":"bar","baz":"qux"}',
    ],
    [
      "A.12 add to a nonexistent target",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz/bat","value":"qux"}]',
      "failed /0",
    ],
    [
      "A.13 an op given twice is the last one",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux","op":"remove"}]',
      "failed /0",
    ],
    [
      "A.14 ~ escape ordering",
      '{"/":9,"~1":10}',
      '[{"op":"test","path":"/~01","value":10}]',
      '{"/":9,"~1":10}',
    ],
    [
      "A.15 compare strings and numbers",
      '{"/":9,"~1":10}',
      '[{"op":"test","path":"/~01","value":"10"}]',
      "failed /0",
    ],
    [
      "A.16 add an array value",
      '{"foo":["bar"]}',
      '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
      '{"foo":["bar",["abc","def"]]}',
    ],
  ])("%s", (_name, target, patch, expected) => expect(run(target, patch)).toBe(expected));
});

describe("applyJsonPatch", () => {
  it.each([
    ["{}", "[]", "{}"],
    ['{"a":1}', '[{"op":"add","path":"","value":[1.0]}]', "[1.0]"],
    ['{"a":1}', '[{"op":"replace","path":"","value":null}]', "null"],
    ["1.0", '[{"op":"test","path":"","value":1}]', "1.0"],
    ['{"a":1}', '[{"op":"add","path":"/a","value":2}]', '{"a":2}'],
    [
      "[]",
      '[{"op":"add","path":"/0","value":1},{"op":"add","path":"/1","value":2},{"op":"add","path":"/0","value":0}]',
      "[0,1,2]",
    ],
    ['{"":1}', '[{"op":"replace","path":"/","value":2}]', '{"":2}'],
    ['{"0":1,"-":2}', '[{"op":"remove","path":"/-"},{"op":"add","path":"/01","value":3}]', '{"0":1,"01":3}'],
    ['{"a":{"b":1}}', '[{"op":"move","from":"/a","path":""}]', '{"b":1}'],
    ['{"a":1}', '[{"op":"move","from":"","path":""}]', '{"a":1}'],
    ['{"a":1}', '[{"op":"move","from":"/a","path":"/a"}]', '{"a":1}'],
    ['{"a":1,"ab":{}}', '[{"op":"move","from":"/a","path":"/ab/c"}]', '{"ab":{"c":1}}'],
    [
      '{"a":{}}',
      '[{"op":"copy","from":"/a","path":"/a/a"},{"op":"copy","from":"","path":"/b"}]',
      '{"a":{"a":{}},"b":{"a":{"a":{}}}}',
    ],
    [
      '{"a":null}',
      '[{"op":"test","path":"/a","value":null},{"op":"replace","path":"/a","value":true}]',
      '{"a":true}',
    ],
    [
      '{"a":[1,2]}',
      '[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/-","value":3},{"op":"remove","path":"/a/0"}]',
      '{"a":[2],"b":[1,2,3]}',
    ],
    [
      '{"n":123456789012345678901,"m":1.0}',
      '[{"op":"test","path":"/n","value":123456789012345678901},{"op":"copy","from":"/m","path":"/o"}]',
      '{"n":123456789012345678901,"m":1.0,"o":1.0}',
    ],
  ])("%s with %s makes %s", (target, patch, expected) => expect(run(target, patch)).toBe(expected));

  it.each([
    ["{}", ""],
    ["null", ""],
    ['"x"', ""],
    ["[1]", "/0"],
    ["[null]", "/0"],
    ["[[]]", "/0"],
    ["[1.0]", "/0"],
    ['[{"op":"test","path":"","value":{}},{"op":"spam","path":"/a","value":1}]', "/1"],
    ['[{"op":"Add","path":"/a","value":1}]', "/0"],
    ['[{"path":"/a","value":1}]', "/0"],
    ['[{"op":null,"path":"/a"}]', "/0"],
    ['[{"op":["add"],"path":"/a","value":1}]', "/0"],
    ['[{"op":"add","value":1}]', "/0"],
    ['[{"op":"add","path":null,"value":1}]', "/0"],
    ['[{"op":"add","path":["a"],"value":1}]', "/0"],
    ['[{"op":"add","path":"a","value":1}]', "/0"],
    ['[{"op":"add","path":"/~2","value":1}]', "/0"],
    ['[{"op":"add","path":"/a"}]', "/0"],
    ['[{"op":"replace","path":"/a"}]', "/0"],
    ['[{"op":"test","path":"/a"}]', "/0"],
    ['[{"op":"move","path":"/a"}]', "/0"],
    ['[{"op":"copy","path":"/a","from":1}]', "/0"],
    ['[{"op":"copy","path":"/a","from":"a"}]', "/0"],
    ['[{"op":"remove"}]', "/0"],
    ['[{"op":"toString","path":"/a"}]', "/0"],
    ['[{"__proto__":{"op":"remove","path":""}}]', "/0"],
  ])("calls %s malformed at %j, before anything is applied", (patch, pointer) => {
    expect(run("{}", patch)).toBe(`malformed ${pointer}`);
  });

  it.each([
    ["{}", '{"op":"remove","path":"/a"}'],
    ["{}", '{"op":"replace","path":"/a","value":1}'],
    ["{}", '{"op":"test","path":"/a","value":null}'],
    ["{}", '{"op":"remove","path":""}'],
    ["{}", '{"op":"copy","from":"/a","path":"/b"}'],
    ["{}", '{"op":"move","from":"/a","path":"/a"}'],
    ["[1]", '{"op":"add","path":"/2","value":1}'],
    ["[1]", '{"op":"add","path":"/01","value":1}'],
    ["[1]", '{"op":"add","path":"/1e0","value":1}'],
    ["[1]", '{"op":"add","path":"/-1","value":1}'],
    ["[1]", '{"op":"add","path":"/","value":1}'],
    ["[1]", '{"op":"add","path":"/length","value":1}'],
    ["[1]", '{"op":"remove","path":"/-"}'],
    ["[1]", '{"op":"replace","path":"/-","value":1}'],
    ["[1]", '{"op":"test","path":"/-","value":1}'],
    ["[1]", '{"op":"copy","from":"/-","path":"/-"}'],
    ["[1]", '{"op":"remove","path":"/1"}'],
    ["[[1]]", '{"op":"add","path":"/-/0","value":1}'],
    ["[1]", '{"op":"add","path":"/99999999999999999999","value":1}'],
    ['{"a":{"b":1}}', '{"op":"move","from":"/a","path":"/a/b"}'],
    ['{"a":1}', '{"op":"move","from":"","path":"/b"}'],
    ['{"a":"x"}', '{"op":"add","path":"/a/0","value":1}'],
    ["1.0", '{"op":"add","path":"/rawJSON","value":1}'],
    ["1.0", '{"op":"test","path":"/rawJSON","value":"1.0"}'],
    ["null", '{"op":"add","path":"/a","value":1}'],
    ["{}", '{"op":"test","path":"/toString","value":{}}'],
    ["{}", '{"op":"remove","path":"/__proto__"}'],
    ["{}", '{"op":"add","path":"/__proto__/x","value":1}'],
    ["{}", '{"op":"add","path":"/constructor/prototype/x","value":1}'],
    ["[]", '{"op":"add","path":"/length/x","value":1}'],
    ["1e400", '{"op":"test","path":"","value":1e401}'],
  ])("fails on %s with %s", (target, operation) => {
    expect(run(target, `[{"op":"test","path":"","value":${target}},${operation}]`)).toBe("failed /1");
  });

  it("treats __proto__ as a plain member", () => {
    const patch =
      '[{"op":"add","path":"/__proto__","value":{"x":1}},{"op":"add","path":"/__proto__/y","value":2},{"op":"copy","from":"/__proto__","path":"/b"}]';
    expect(run("{}", patch)).toBe('{"__proto__":{"x":1,"y":2},"b":{"x":1,"y":2}}');
    expect(run('{"__proto__":1}', '[{"op":"move","from":"/__proto__","path":"/a"}]')).toBe('{"a":1}');
    expect("x" in {}).toBe(false);
  });

  it("leaves target and patch alone, whether it succeeds or fails half way", () => {
    const target = parseLossless('{"a":[1,{"b":2}],"c":{}}');
    const patch = parseLossless(
      '[{"op":"add","path":"/c/d","value":{"e":[]}},{"op":"add","path":"/c/d/e/-","value":1},{"op":"remove","path":"/a/1/b"}]',
    ) as JsonValue[];
    const before = stringifyLossless([target, patch]);
    expect(applyJsonPatch(target, patch).ok).toBe(true);
    const failing = [...patch, { op: "remove", path: "/nothing" }];
    expect(applyJsonPatch(target, failing)).toMatchObject({ ok: false, reason: "failed", pointer: "/3" });
    expect(stringifyLossless([target, patch])).toBe(before);
  });

  it("does what a slow copy-everything implementation does", () => {
    const value = fc
      .constantFrom("1.0", "[]", '{"a":[1]}', '[{"b":2}]', '{"__proto__":{}}')
      .map(parseLossless);
    const operation = fc.record({
      op: fc.constantFrom("add", "replace", "remove", "copy", "copy", "move"),
      at: fc.noBias(fc.nat()),
      below: fc.constantFrom("", "", "/a", "/b", "/0", "/1", "/-", "/__proto__"),
      source: fc.noBias(fc.nat()),
      value,
    });
    const target = fc.constantFrom(
      '{"a":{"a":[1.0],"b":{}},"b":[[0],{"a":[]}]}',
      '[[1,[2]],{"a":{},"b":[{}]},[]]',
    );
    let applied = 0;
    fc.assert(
      fc.property(
        target,
        fc.array(operation, { minLength: 3, maxLength: 12, size: "max" }),
        (text, drawn) => {
          const document = parseLossless(text);
          const usable: JsonValue[] = [];
          let expected: JsonValue = document;
          for (const { op, at, below, source, value } of drawn) {
            const places = pointersOf(expected).slice(0, 60);
            const path = places[at % places.length] + below;
            const one = { op, path, from: places[source % places.length]!, value };
            const next = referencePatch(expected, one);
            expect(applyJsonPatch(expected, [one]).ok).toBe(next !== undefined);
            // What cannot be applied is dropped, so that long runs of applicable operations are compared.
            if (next === undefined) continue;
            expected = next;
            usable.push(one);
          }
          applied += usable.length;
          const result = applyJsonPatch(document, usable);
          expect(result.ok && stringifyLossless(result.value)).toBe(stringifyLossless(expected));
          expect(stringifyLossless(document)).toBe(text);
        },
      ),
      { numRuns: 400 },
    );
    expect(applied).toBeGreaterThan(800);
  });

  it("passes its own test of any document", () => {
    fc.assert(
      fc.property(jsonText, jsonText, (a, b) => {
        const [left, right] = [parseLossless(a), parseLossless(b)];
        const test = [{ op: "test", path: "", value: right }];
        expect(applyJsonPatch(left, test).ok).toBe(equalJson(left, right));
        expect(applyJsonPatch(right, test).ok).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalJson, parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { applyMergePatch } from "../../../src/model/json/merge-patch.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";
import { jsonText } from "./arbitrary.ts";

const merge = (target: string, patch: string) =>
  stringifyLossless(applyMergePatch(parseLossless(target), parseLossless(patch)));
const value = jsonText.map(parseLossless);
const isObject = (v: unknown): v is Record<string, JsonValue> =>
  typeof v === "object" && v !== null && !Array.isArray(v) && !JSON.isRawJSON(v);

/** The pseudo-code of RFC 7396 §2, on maps. */
function reference(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) result.delete(name);
    else result.set(name, reference(result.get(name), change));
  }
  return Object.fromEntries(result);
}

describe("JSON Merge Patch (RFC 7396)", () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("appendix A: %s with %s makes %s", (target, patch, result) => expect(merge(target, patch)).toBe(result));

  it("applies the example of section 3", () => {
    const target = `{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}`;
    const patch = `{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}`;
    expect(merge(target, patch)).toBe(
      `{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}`,
    );
  });

  it("takes a number kept as text for a scalar on both sides", () => {
    expect(merge('{"a":1.0}', '{"a":2.0}')).toBe('{"a":2.0}');
    expect(merge('{"a":1e400}', '{"a":{"b":1}}')).toBe('{"a":{"b":1}}');
    expect(merge('{"a":{"b":1}}', '{"a":1e400}')).toBe('{"a":1e400}');
    expect(merge("1.0", '{"a":-0}')).toBe('{"a":-0}');
    expect(merge('{"a":1.0,"b":123456789012345678901}', '{"c":1}')).toBe(
      '{"a":1.0,"b":123456789012345678901,"c":1}',
    );
  });

  it("treats names of prototypes as plain members", () => {
    expect(merge("{}", '{"__proto__":{"polluted":1}}')).toBe('{"__proto__":{"polluted":1}}');
    expect(merge('{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}')).toBe('{"__proto__":{"a":1,"b":2}}');
    expect(merge('{"__proto__":1}', '{"__proto__":null}')).toBe("{}");
    expect(merge("{}", '{"constructor":{"prototype":{"polluted":1}}}')).toBe(
      '{"constructor":{"prototype":{"polluted":1}}}',
    );
    expect(merge("{}", '{"toString":{"x":null}}')).toBe('{"toString":{}}');
    expect("polluted" in {}).toBe(false);
    const plain = applyMergePatch({}, parseLossless('{"__proto__":{"x":1}}')) as object;
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it("agrees with the pseudo-code of the RFC, and changes neither argument", () => {
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const before = [stringifyLossless(target), stringifyLossless(patch)];
        const result = applyMergePatch(target, patch);
        expect(stringifyLossless(result)).toBe(stringifyLossless(reference(target, patch)));
        expect([stringifyLossless(target), stringifyLossless(patch)]).toEqual(before);
      }),
      { numRuns: 700 },
    );
  });

  it("is idempotent, and {} changes nothing of an object", () => {
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const once = applyMergePatch(target, patch);
        expect(equalJson(applyMergePatch(once, patch), once)).toBe(true);
        if (isObject(target)) expect(equalJson(applyMergePatch(target, {}), target)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

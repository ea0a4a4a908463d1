import { describe, expect, it } from "vitest";
import { refuseInexact } from "../../../src/model/json/exact.ts";

/** The place of what was refused, or null. */
function refused(text: string, kept?: string): string | null {
  try {
    refuseInexact(text, "The text", kept);
    return null;
  } catch (error) {
    return (error as { facts: { errors: { pointer: string }[] } }).facts.errors[0]!.pointer;
  }
}

describe("refuseInexact", () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}'],
    ['{"":0,"\\"":1,"\\\\":2}'],
    ["[9007199254740991,-9007199254740991,0.1,0.10000000000000001,1e22,-0,1e-400,[],{}]"],
    ["9007199254740992"],
    [' { "a" : [ true , false , null , "12345678901234567890" ] } '],
    ['"__proto__"'],
    ['{"a":"{\\"b\\":1,\\"b\\":2}"}'],
  ])("takes %s", (text) => {
    expect(refused(text)).toBeNull();
  });

  it.each([
    ['{"a":1,"a":1}', "/a"],
    ['{"a":{"b":[{},{"c":1,"\\u0063":2}]}}', "/a/b/1/c"],
    ['{"a/b":{"~":1,"~":1}}', "/a~1b/~0"],
    ["12345678901234567890", ""],
    ["[1,9007199254740993]", "/1"],
    ["[-9007199254740993e0]", "/0"],
    ["[1e400]", "/0"],
    [`[${"9".repeat(10_000)}]`, "/0"],
    ['{"a":{"\\u005f_proto__":1}}', "/a/__proto__"],
  ])("refuses %s", (text, pointer) => {
    expect(refused(text)).toBe(pointer);
  });

  it("does not look into the member that is kept, but it may be given once only", () => {
    expect(refused('{"data":{"a":1,"a":12345678901234567890},"b":1}', "data")).toBeNull();
    expect(refused('{"b":{"data":{"a":1,"a":2}}}', "data")).toBe("/b/data/a");
    expect(refused('{"data":1,"data":2}', "data")).toBe("/data");
  });

  it("takes time in proportion to the text", () => {
    const wide = `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":[${i}]`).join(",")}}`;
    const started = performance.now();
    expect(refused(wide)).toBeNull();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

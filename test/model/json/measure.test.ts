import { describe, expect, it } from "vitest";
import { measure } from "../../../src/model/json/measure.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";

const limits = { maxBytes: 1000, maxDepth: 3 };

describe("measure", () => {
  it.each(["null", "false", "-1.5", '"abc"', "[]", "{}", '[1,"b",[true]]', '{"a":{"b":[]},"c":null}'])(
    "counts the compact text of %s",
    (text) => expect(measure(JSON.parse(text), limits)).toEqual({ bytes: text.length, exceeds: null }),
  );

  it("stops at the first limit", () => {
    expect(measure([[[1]]], limits).exceeds).toBeNull();
    expect(measure([[[[1]]]], limits).exceeds).toBe("depth");
    expect(measure("x".repeat(998), limits).exceeds).toBeNull();
    expect(measure("x".repeat(999), limits).exceeds).toBe("bytes");
    expect(measure(["x".repeat(997)], limits).exceeds).toBe("bytes");
  });

  it("stops early in a document whose parts are shared millions of times over", () => {
    let shared: JsonValue = [1];
    for (let i = 0; i < 22; i++) shared = [shared, shared];
    let visited = 0;
    const { exceeds } = measure(shared, { maxBytes: 1e5, maxDepth: 100 }, () => visited++);
    expect(exceeds).toBe("bytes");
    expect(visited).toBeLessThan(1e5);
  });

  it("needs no stack for a million levels", () => {
    let deep: JsonValue = 1;
    for (let i = 0; i < 1e6; i++) deep = [deep];
    expect(measure(deep, { maxBytes: 1e9, maxDepth: 2e6 })).toEqual({ bytes: 2_000_001, exceeds: null });
  });
});

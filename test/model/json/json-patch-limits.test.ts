import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "../../../src/model/json/json-patch.ts";
import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { checkJson } from "../../../src/model/json/text.ts";
import { jsonText, nested } from "./arbitrary.ts";

describe("limits of applyJsonPatch", () => {
  const doublings = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ op: "copy", from: "", path: `/k${i}` }));

  it("refuses a document doubled 40 times, in little memory and time", () => {
    const start = performance.now();
    const result = applyJsonPatch({ a: "x".repeat(100) }, doublings(40));
    expect(result).toMatchObject({ ok: false, reason: "failed" });
    expect(result.ok ? "" : result.pointer).toMatch(/^\/1[0-9]$/);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("counts what copy duplicates even where it is removed again", () => {
    const pair = [
      { op: "copy", from: "/a", path: "/b" },
      { op: "remove", path: "/b" },
    ];
    const patch = Array.from({ length: 100 }, () => pair).flat();
    const target = { a: ["x".repeat(1000)] };
    expect(applyJsonPatch(target, patch, { maxBytes: 200_000 }).ok).toBe(true);
    expect(applyJsonPatch(target, patch, { maxBytes: 50_000 })).toMatchObject({
      reason: "failed",
      pointer: "/98",
    });
  });

  it("refuses a result over maxBytes as a whole, and never one that fits", () => {
    const patch = [{ op: "add", path: "/b", value: ["é😀\u0000\ud800", 1.5, null] }];
    const target = { a: "y".repeat(100) };
    const done = applyJsonPatch(target, patch);
    const size = new TextEncoder().encode(done.ok ? stringifyLossless(done.value) : "").length;
    expect(applyJsonPatch(target, patch, { maxBytes: size }).ok).toBe(true);
    expect(applyJsonPatch(target, patch, { maxBytes: 100 })).toMatchObject({ reason: "failed", pointer: "" });
  });

  it("estimates no more than the real size", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const value = parseLossless(text);
        const size = new TextEncoder().encode(stringifyLossless(value)).length;
        expect(applyJsonPatch(value, [], { maxBytes: size }).ok).toBe(true);
        expect(applyJsonPatch(value, [], { maxBytes: Math.floor(size / 8) - 1 }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("bounds the depth of the result as checkJson does", () => {
    const add = (depth: number) => [{ op: "add", path: "/0", value: parseLossless(nested(depth)) }];
    const fits = applyJsonPatch([], add(63));
    expect(fits.ok && checkJson(stringifyLossless(fits.value)).ok).toBe(true);
    expect(applyJsonPatch([], add(64))).toMatchObject({ reason: "failed", pointer: "" });
    expect(applyJsonPatch([], add(64), { maxDepth: 65 }).ok).toBe(true);
    expect(applyJsonPatch(1, [], { maxDepth: 0 }).ok).toBe(true);
    expect(applyJsonPatch([], [], { maxDepth: 0 }).ok).toBe(false);
  });

  it("survives depth doubled by copies", () => {
    const copies = Array.from({ length: 14 }, (_, i) => ({
      op: "copy",
      from: "",
      path: "/a".repeat(2 ** i),
    }));
    expect(applyJsonPatch({ a: 1 }, copies)).toMatchObject({ ok: false, reason: "failed", pointer: "" });
  });

  it("bounds the shifting of long arrays", () => {
    const long = Array.from({ length: 1000 }, () => 0);
    const times = (operation: object) => Array.from({ length: 100 }, () => operation);
    const limits = { maxShifts: 50_000 };
    const insert = times({ op: "add", path: "/0", value: 1 });
    expect(applyJsonPatch(long, insert, limits)).toMatchObject({ reason: "failed", pointer: "/48" });
    expect(applyJsonPatch(long, times({ op: "remove", path: "/0" }), limits)).toMatchObject({
      pointer: "/51",
    });
    expect(applyJsonPatch(long, times({ op: "add", path: "/-", value: 1 }), limits).ok).toBe(true);
    expect(applyJsonPatch(long, times({ op: "replace", path: "/0", value: 1 }), limits).ok).toBe(true);
    expect(applyJsonPatch(long, insert).ok).toBe(true);
  });

  it("copies a container once, however many operations change it", () => {
    const wide = Array.from({ length: 100_000 }, () => 0);
    const patch = Array.from({ length: 20_000 }, (_, i) => ({ op: "replace", path: `/${i}`, value: 1 }));
    const start = performance.now();
    expect(applyJsonPatch(wide, patch).ok).toBe(true);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(wide[0]).toBe(0);
  });

  it("does not take a fault of the program for a refusal", () => {
    const faulty = Object.defineProperty({}, "a", { enumerable: true, get: () => new Array(-1) });
    expect(() => applyJsonPatch(faulty, [{ op: "test", path: "/a", value: 1 }])).toThrow(RangeError);
    expect(() => applyJsonPatch(faulty, [])).toThrow(RangeError);
  });

  it("names the trouble in one short sentence without values of the document", () => {
    const secret = "hunter2".repeat(50);
    const patches = [
      [{ op: "test", path: `/${secret}`, value: secret }],
      [{ op: secret, path: "" }],
      [{ op: "add", path: secret }],
      secret,
    ];
    for (const patch of patches) {
      const result = applyJsonPatch({ [secret]: 1 }, patch);
      expect(result.ok ? "" : result.message).toMatch(/^(?!.*hunter2)[A-Z].{10,80}\.$/);
    }
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, seal, sha256, sha256Hex, toHex } from "../../src/frames/digest.ts";

test("SHA-256 as in FIPS 180-4", async () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(await sha256Hex("abc")).toBe(abc);
  expect(toHex(await sha256(new TextEncoder().encode("abc")))).toBe(abc);
});

test("hex goes both ways, and nothing else is taken for hex", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
  for (const wrong of ["a", "AB", "0g", " 00", "00\n"]) expect(fromHex(wrong)).toBeNull();
});

test("no two places share a seal", async () => {
  const sha = "00".repeat(32);
  const place = (tenant: string, pipelineId: string, version: number, codec = "deflate") =>
    seal({ tenant, pipelineId }, version, codec, sha);
  const seals = await Promise.all([
    place("a", "b", 1),
    place("b", "a", 1),
    place("a", "b1", 1),
    place("a", "b", 11),
    place("a", "b", 1, "identity"),
    seal({ tenant: "a", pipelineId: "b" }, 1, "deflate", "01".repeat(32)),
  ]);
  expect(new Set(seals).size).toBe(6);
});

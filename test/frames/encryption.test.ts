import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decrypt, encrypt, type FramePlace } from "../../src/frames/encryption.ts";
import { parseKeyRing } from "../../src/frames/key-ring.ts";
import { CairnError } from "../../src/model/errors.ts";

const material = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const ringOf = (...keys: [id: string, byte: number][]) =>
  parseKeyRing(JSON.stringify(keys.map(([id, byte]) => ({ id, key: material(byte) }))));

const RING = ringOf(["2026-11", 1]);
const PLACE: FramePlace = { tenant: "acme", pipelineId: "nightly", version: 7 };
const CONTENT = new TextEncoder().encode("The quick brown fox jumps over the lazy dog.");

async function reason(place: FramePlace, stored: Uint8Array, ring = RING): Promise<string> {
  const answer = await decrypt(ring, place, stored);
  return answer.ok ? "opened" : answer.reason;
}

describe("what was encrypted", () => {
  test("comes back, of any length and for any place", async () => {
    const place = fc.record({
      tenant: fc.string(),
      pipelineId: fc.string(),
      version: fc.nat(),
      frameId: fc.string(),
    });
    const property = fc.asyncProperty(place, fc.uint8Array({ maxLength: 300 }), async (where, bytes) => {
      const stored = await encrypt(RING, where, bytes);
      expect(stored.length).toBe(bytes.length + 30 + "2026-11".length);
      expect(await decrypt(RING, where, stored)).toEqual({ ok: true, bytes });
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test("is the same bytes when it is written twice, and no other's", async () => {
    const stored = await encrypt(RING, PLACE, CONTENT);
    expect(await encrypt(ringOf(["2026-11", 1], ["old", 9]), { ...PLACE }, CONTENT.slice())).toEqual(stored);
    const others = await Promise.all([
      encrypt(RING, PLACE, CONTENT.with(0, 0)),
      encrypt(RING, { ...PLACE, version: 8 }, CONTENT),
      encrypt(RING, { ...PLACE, frameId: "7-a" }, CONTENT),
      encrypt(RING, { ...PLACE, tenant: "other" }, CONTENT),
      encrypt(ringOf(["2026-12", 1]), PLACE, CONTENT),
      encrypt(ringOf(["2026-11", 2]), PLACE, CONTENT),
    ]);
    const nonces = [stored, ...others].map((bytes) => Buffer.from(bytes.subarray(9, 21)).toString("hex"));
    expect(new Set(nonces).size).toBe(7);
  });

  test("is what the bytes were at the call", async () => {
    const bytes = CONTENT.slice();
    const writing = encrypt(RING, PLACE, bytes);
    bytes.fill(0);
    expect(await writing).toEqual(await encrypt(RING, PLACE, CONTENT));
  });

  test("opens under the old key after a rotation, and is no longer written with it", async () => {
    const old = await encrypt(RING, PLACE, CONTENT);
    const rotated = ringOf(["2026-12", 2], ["2026-11", 1]);
    expect(await reason(PLACE, old, rotated)).toBe("opened");
    const renewed = await encrypt(rotated, PLACE, CONTENT);
    expect(await reason(PLACE, renewed, rotated)).toBe("opened");
    expect(await reason(PLACE, renewed)).toBe("unknown_key");
    expect(await reason(PLACE, old, ringOf(["2026-11", 2]))).toBe("mismatch");
  });
});

describe("refused", () => {
  test("is a frame with any bit of any byte flipped", async () => {
    const stored = await encrypt(RING, PLACE, CONTENT);
    for (let at = 0; at < stored.length; at++) {
      for (const bit of [1, 16, 128]) {
        const found = await reason(PLACE, stored.with(at, stored[at]! ^ bit));
        if (at === 0) expect(found).toBe("not_encrypted");
        else if (at === 1) expect(["unknown_key", "truncated"]).toContain(found);
        else expect(found).toBe(at < 9 ? "unknown_key" : "mismatch");
      }
    }
  });

  test("is a key's name swapped for another's, though both be in the ring", async () => {
    const ring = ringOf(["k1", 1], ["k2", 2]);
    const stored = await encrypt(ring, PLACE, CONTENT);
    expect(await reason(PLACE, stored.with(3, "2".charCodeAt(0)), ring)).toBe("mismatch");
  });

  test("is a frame cut off anywhere, or with something behind it", async () => {
    const stored = await encrypt(RING, PLACE, CONTENT);
    for (let length = 0; length < stored.length; length++) {
      const shortest = 2 + 7 + 12 + 16;
      expect(await reason(PLACE, stored.subarray(0, length))).toBe(
        length < shortest ? "truncated" : "mismatch",
      );
    }
    expect(await reason(PLACE, new Uint8Array([...stored, 0]))).toBe("mismatch");
  });

  test("is a frame moved between tenants, pipelines, versions and frames", async () => {
    const stored = await encrypt(RING, { ...PLACE, frameId: "7-a" }, CONTENT);
    const places: FramePlace[] = [
      PLACE,
      { ...PLACE, frameId: "7-b" },
      { ...PLACE, frameId: "7-a", version: 8 },
      { ...PLACE, frameId: "7-a", pipelineId: "weekly" },
      { ...PLACE, frameId: "7-a", tenant: "other" },
    ];
    for (const place of places) expect(await reason(place, stored)).toBe("mismatch");
  });

  test("are places whose names run into each other", async () => {
    const stored = await encrypt(RING, { tenant: 'a","b', pipelineId: "c", version: 1 }, CONTENT);
    expect(await reason({ tenant: "a", pipelineId: 'b","c', version: 1 }, stored)).toBe("mismatch");
    expect(await reason({ tenant: "a", pipelineId: "b", version: 1 }, stored)).toBe("mismatch");
  });

  test("are plain bytes, by a short sentence", async () => {
    const answer = await decrypt(RING, PLACE, CONTENT);
    expect(answer).toEqual({ ok: false, reason: "not_encrypted", problem: "not an encrypted frame" });
  });
});

describe("a key ring", () => {
  function problems(text: string): string[] {
    try {
      parseKeyRing(text, "KEYS");
      return [];
    } catch (error) {
      if (!(error instanceof CairnError)) throw error;
      expect(error.code).toBe("invalid_configuration");
      return error.facts.errors!.map(({ pointer, message }) => `${pointer} ${message}`);
    }
  }

  test("tells all that is wrong with it together", () => {
    const list = [
      { id: "", key: material(1) },
      { id: "a", key: material(2).slice(0, -4) },
      { id: "b", key: ` ${material(3)}` },
      { id: "c", key: material(4), use: "write" },
      { id: "c", key: material(4) },
      null,
    ];
    expect(problems(JSON.stringify(list))).toEqual([
      "KEYS/0/id is not 1 to 32 letters, digits, '.', '_' or '-'",
      "KEYS/1/key is not base64 of exactly 32 bytes",
      "KEYS/2/key is not base64 of exactly 32 bytes",
      "KEYS/3 has a field other than id and key",
      "KEYS/5 is not an object {id, key}",
      "KEYS/4/id is given twice",
      "KEYS/4/key is given twice",
    ]);
  });

  test.each(["", "[]", "{}", "null", "[", '"text"'])("is not %j", (text) => {
    expect(problems(text)).toEqual(["KEYS is not a JSON array of at least one {id, key}"]);
  });

  test("has one spelling of a key: unused bits of its last letter are zero", () => {
    const spelling = `${material(1).slice(0, 42)}F=`;
    expect(problems(JSON.stringify([{ id: "a", key: spelling }]))).toHaveLength(1);
  });
});

describe("key material is shown nowhere", () => {
  const secret = Buffer.from("thirty-two bytes nobody may see!");
  const spellings = [
    secret.toString(),
    secret.toString("base64"),
    secret.toString("hex"),
    [...secret].join(","),
  ];

  function expectSecret(thing: unknown): void {
    const shown = [JSON.stringify(thing), inspect(thing, { depth: 9, showHidden: true }), String(thing)];
    if (thing instanceof Error)
      shown.push(thing.message, thing.stack ?? "", JSON.stringify(Object.entries(thing)));
    for (const text of shown) for (const spelling of spellings) expect(text).not.toContain(spelling);
  }

  test("not in the ring, nor in what encryption answers", async () => {
    const ring = parseKeyRing(JSON.stringify([{ id: "k", key: secret.toString("base64") }]));
    expectSecret(ring);
    expectSecret([...ring.readers.values()]);
    const stored = await encrypt(ring, PLACE, CONTENT);
    for (const bytes of [stored, stored.with(2, 0), stored.with(30, 0), CONTENT, stored.subarray(0, 9)]) {
      expectSecret(await decrypt(ring, { ...PLACE, version: 8 }, bytes));
    }
  });

  test("not in errors, wherever the key stands by mistake", () => {
    const key = secret.toString("base64");
    const wrong = [
      key,
      `[{"id":"a","key":"${key}"`,
      [{ id: key, key: "a" }],
      [{ id: secret.toString("hex"), key }],
      [{ id: "a", [key]: key }],
      { [key]: key },
      [key],
      [{ id: "a", key: [key] }],
      [{ id: "a", key: `${key}A` }],
      [
        { id: "a", key },
        { id: "b", key },
      ],
    ];
    for (const ring of wrong) {
      const text = typeof ring === "string" ? ring : JSON.stringify(ring);
      let error: unknown;
      try {
        parseKeyRing(text);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(CairnError);
      expectSecret(error);
      expectSecret((error as CairnError).facts);
    }
  });
});

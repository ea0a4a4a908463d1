import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Content, decodeFrame, encodeFrame } from "../../src/frames/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { content, noise } from "./contents.ts";

const KEY: PipelineKey = { tenant: "acme", pipelineId: "nightly" };

async function stored(bytes: Uint8Array, version = 3) {
  const { contentSha256, ...frame } = await encodeFrame(KEY, version, "write", bytes);
  const record: Content = { bytes: bytes.length, sha256: contentSha256, frame: frame.ref };
  // Not the Buffer that zlib gives: its slice() and fill() are not those of other bytes.
  return { record, bytes: new Uint8Array(frame.bytes) };
}

describe("what comes out of a frame is what went in", () => {
  test("for contents of all sorts, with any compression", async () => {
    const level = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
    const property = fc.asyncProperty(content, fc.boolean(), level, async (bytes, enabled, chosen) => {
      const compression = { enabled, ...(chosen === undefined ? {} : { level: chosen }) };
      const { contentSha256, ...frame } = await encodeFrame(KEY, 1, "write", bytes, { compression });
      expect(frame.bytes.length).toBe(frame.ref.storedBytes);
      expect(frame.bytes.length).toBeLessThanOrEqual(bytes.length);
      const record = { bytes: bytes.length, sha256: contentSha256, frame: frame.ref };
      const decoded = await decodeFrame(KEY, record, [frame.bytes]);
      expect(decoded.ok && Buffer.compare(decoded.content, bytes)).toBe(0);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test("a digest that is known already is taken as it is", async () => {
    const known = await encodeFrame(KEY, 1, "w", noise(500, 1), { contentSha256: "ab".repeat(32) });
    expect(known.contentSha256).toBe("ab".repeat(32));
  });

  test("the web's own DecompressionStream reads what is compressed", async () => {
    const property = fc.asyncProperty(content, async (bytes) => {
      const frame = await encodeFrame(KEY, 1, "write", bytes);
      if (frame.ref.codec === "identity") return;
      expect(frame.ref.codec).toBe("deflate");
      const stream = new Blob([new Uint8Array(frame.bytes)])
        .stream()
        .pipeThrough(new DecompressionStream("deflate"));
      const decoded = new Uint8Array(await new Response(stream).arrayBuffer());
      expect(Buffer.compare(decoded, bytes)).toBe(0);
    });
    await fc.assert(property, { numRuns: 100 });
  });
});

describe("a frame has one name and one place", () => {
  test("encoded again, even later, it is the same to the byte", async () => {
    const bytes = noise(3000, 7).fill(1, 0, 2000);
    expect(await encodeFrame(KEY, 4, "write", bytes)).toEqual(await encodeFrame(KEY, 4, "write", bytes));
  });

  test("version, write and content each give it another id", async () => {
    const ids = await Promise.all([
      encodeFrame(KEY, 4, "write", noise(300, 1)),
      encodeFrame(KEY, 5, "write", noise(300, 1)),
      encodeFrame(KEY, 4, "other", noise(300, 1)),
      encodeFrame(KEY, 4, "write", noise(300, 2)),
    ]);
    expect(new Set(ids.map((frame) => frame.ref.frameId)).size).toBe(4);
  });

  test.each<[string, PipelineKey]>([
    ["tenant", { tenant: "other", pipelineId: "nightly" }],
    ["pipeline", { tenant: "acme", pipelineId: "nightl" }],
    ["both, with the same letters", { tenant: "acmen", pipelineId: "ightly" }],
  ])("another %s cannot read it", async (_what, key) => {
    const { record, bytes } = await stored(noise(300, 3));
    expect((await decodeFrame(KEY, record, [bytes])).ok).toBe(true);
    expect((await decodeFrame(key, record, [bytes])).ok).toBe(false);
  });

  test("a missing frame says so", async () => {
    const { record } = await stored(noise(300, 3));
    const decoded = await decodeFrame(KEY, record, [null]);
    expect(!decoded.ok && decoded.problem).toContain("missing");
  });
});

describe("1,000 random damages", () => {
  const damage = fc.oneof(
    fc.record({ to: fc.constant("bit" as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ to: fc.constant("length" as const), by: fc.integer({ min: 1, max: 40 }), cut: fc.boolean() }),
    fc.record({ to: fc.constant("zeros" as const), at: fc.nat() }),
    fc.record({ to: fc.constantFrom("tenant", "pipelineId", "version", "codec", "sha256", "bytes", "seal") }),
    fc.record({ to: fc.constantFrom("storedSha256", "storedBytes", "other frame") }),
  );
  type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

  test("are all found", async () => {
    const property = fc.asyncProperty(content, damage, async (bytes, what) => {
      const whole = await stored(bytes);
      const hurt = await hurtBy(what, whole);
      fc.pre(hurt !== null);
      const decoded = await decodeFrame(hurt.key, hurt.record, [hurt.bytes]);
      expect(decoded.ok).toBe(false);
    });
    await fc.assert(property, { numRuns: 1000 });
  });

  interface Hurt {
    key: PipelineKey;
    record: Content;
    bytes: Uint8Array;
  }

  /** Null where this damage changes nothing. */
  async function hurtBy(what: Damage, whole: Omit<Hurt, "key">): Promise<Hurt | null> {
    const { record, bytes } = whole;
    const hurt = (change: Partial<Hurt>): Hurt => ({ key: KEY, record, bytes, ...change });
    const refBy = (change: Partial<Content["frame"]>) =>
      hurt({ record: { ...record, frame: { ...record.frame, ...change } } });
    const digits = (hex: string) => (hex.startsWith("0") ? "1" : "0") + hex.slice(1);
    switch (what.to) {
      case "bit":
        return bytes.length === 0 ? null : hurt({ bytes: flip(bytes, what.at % bytes.length, what.bit) });
      case "length":
        if (what.cut) return bytes.length === 0 ? null : hurt({ bytes: bytes.slice(0, -what.by) });
        return hurt({ bytes: new Uint8Array([...bytes, ...new Uint8Array(what.by)]) });
      case "zeros": {
        const zeroed = bytes.slice().fill(0, what.at % (bytes.length + 1));
        return Buffer.compare(zeroed, bytes) === 0 ? null : hurt({ bytes: zeroed });
      }
      case "tenant":
      case "pipelineId":
        return hurt({ key: { ...KEY, [what.to]: `${KEY[what.to]}x` } });
      case "version":
        return refBy({ version: record.frame.version + 1 });
      case "codec":
        return refBy({ codec: record.frame.codec === "identity" ? "deflate" : "identity" });
      case "sha256":
        return hurt({ record: { ...record, sha256: digits(record.sha256) } });
      case "bytes":
        return hurt({ record: { ...record, bytes: record.bytes + 1 } });
      case "seal":
      case "storedSha256":
        return refBy({ [what.to]: digits(record.frame[what.to]) });
      case "storedBytes":
        return refBy({ storedBytes: record.frame.storedBytes + 1 });
      case "other frame": {
        const other = await stored(noise(record.bytes + 1, 5), 2);
        return hurt({ bytes: other.bytes });
      }
    }
  }
});

function flip(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  return bytes.with(at, bytes[at]! ^ (1 << bit));
}

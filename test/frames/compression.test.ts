import { createDeflate } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../src/frames/compression.ts";
import { noise } from "./contents.ts";

const MB = 1024 * 1024;

describe("compression that pays", () => {
  test("what shrinks is compressed, what does not is kept as it is", async () => {
    const text = new TextEncoder().encode("so much of the same, ".repeat(100));
    expect((await compress(text)).codec).toBe("deflate");
    const random = noise(5000, 1);
    expect(await compress(random)).toEqual({ codec: "identity", bytes: random });
  });

  test("little, and what must not be, is not compressed", async () => {
    expect((await compress(new Uint8Array(95))).codec).toBe("identity");
    expect((await compress(new Uint8Array(96))).codec).toBe("deflate");
    expect((await compress(new Uint8Array(5000), { enabled: false })).codec).toBe("identity");
  });

  test("a large body of which a part shrinks is compressed, one that is packed already is not", async () => {
    const packed = noise(2 * MB, 2);
    expect((await compress(packed)).codec).toBe("identity");
    expect((await compress(packed.fill(32, MB))).codec).toBe("deflate");
  });

  test("a higher level is smaller", async () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word${(i * 7919) % 997}`).join(" ");
    const bytes = new TextEncoder().encode(words);
    const [fast, small] = await Promise.all([compress(bytes, { level: 1 }), compress(bytes, { level: 9 })]);
    expect(small.bytes.length).toBeLessThan(fast.bytes.length);
  });
});

describe("decompression", () => {
  test("answers null to a codec it does not know, another size, and nonsense", async () => {
    const { bytes } = await compress(new Uint8Array(1000));
    expect(await decompress("zstd", bytes, 1000)).toBeNull();
    expect(await decompress("deflate", bytes, 999)).toBeNull();
    expect(await decompress("deflate", bytes, 1001)).toBeNull();
    expect(await decompress("deflate", noise(100, 3), 1000)).toBeNull();
    expect(await decompress("deflate", new Uint8Array(0), 0)).toBeNull();
    expect(await decompress("identity", new Uint8Array(3), 4)).toBeNull();
  });

  test("a bomb is stopped near the size it should have", async () => {
    const bomb = await zeros(256);
    expect(bomb.length).toBeLessThan(2 * MB);
    const before = process.resourceUsage().maxRSS;
    for (const size of [0, 1, 1000, MB]) expect(await decompress("deflate", bomb, size)).toBeNull();
    const grownKb = process.resourceUsage().maxRSS - before;
    expect(grownKb).toBeLessThan(64 * 1024);
  });
});

/** That many megabytes of zeros, compressed without ever being in memory. */
async function zeros(megabytes: number): Promise<Uint8Array> {
  const stream = createDeflate({ level: 1 });
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise((resolve) => stream.on("end", resolve));
  for (let i = 0; i < megabytes; i++) {
    if (!stream.write(Buffer.alloc(MB))) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
  await done;
  return Buffer.concat(chunks);
}

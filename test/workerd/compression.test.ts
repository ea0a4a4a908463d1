import { expect, test } from "vitest";
import { compress, decompress } from "../../src/frames/compression.ts";

/** Sizes that workerd refused to inflate under a limit of exactly that size, and some around them. */
const sizes = [1, 16_384, 41_881, 50_000, 65_537, 131_072, 200_000, 677_358, 1_322_685, 5_000_000];

test.each(sizes)("%i bytes come back from workerd's own zlib", async (size) => {
  const content = new Uint8Array(size).map((_, i) => (i % 7 === 0 ? (i * i) % 251 : 0));
  const { codec, bytes } = await compress(content);
  const found = await decompress(codec, bytes, size);
  expect(found && Buffer.compare(found, content)).toBe(0);
});

test("stored bytes that decode to more than they should are refused, large or small", async () => {
  const { codec, bytes } = await compress(new Uint8Array(10_000_000));
  expect(codec).toBe("deflate");
  expect(await decompress(codec, bytes, 1000)).toBeNull();
  expect(await decompress(codec, bytes, 9_999_999)).toBeNull();
});

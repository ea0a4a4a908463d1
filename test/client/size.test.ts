import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const entry = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

test("the client is at most 8 kB gzipped, 20 kB with what it loads later, and needs nothing of Node", async () => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    outdir: "/",
    platform: "browser",
  });
  const kB = ({ contents }: { contents: Uint8Array }) => gzipSync(contents, { level: 9 }).length / 1000;
  const [first, ...later] = outputFiles.map(kB);
  expect(outputFiles[0]!.path).toMatch(/index\.js$/);
  expect(first).toBeLessThanOrEqual(8);
  expect(later.reduce((sum, size) => sum + size, first!)).toBeLessThanOrEqual(20);
});

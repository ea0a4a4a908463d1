import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { expect, test } from "vitest";

const entry = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

/** Leaves out what is loaded later. */
const atFirst: Plugin = {
  name: "at first",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

/** Of one file of it, gzipped. */
async function kB(plugins: Plugin[]): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    minify: true,
    platform: "browser",
    plugins,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000;
}

test("the client is at most 8 kB gzipped, 20 kB with all that it loads later, and needs nothing of Node", async () => {
  expect(await kB([atFirst])).toBeLessThanOrEqual(8);
  expect(await kB([])).toBeLessThanOrEqual(20);
});

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test, vi } from "vitest";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { deltaFrame } from "../../src/frames/delta-frame.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { type Content, decodeFrame, encodeFrame } from "../../src/frames/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

const KEY: PipelineKey = { tenant: "acme", pipelineId: "nightly" };

/** A full frame, and a delta upon it, both of which compress. */
async function chain() {
  const [one, two] = ["a", "b"].map((name) =>
    new TextEncoder().encode(
      Array.from({ length: 4000 }, (_, i) => `${i % 7 ? "" : name} line ${i}`).join("\n"),
    ),
  );
  const { contentSha256, ...full } = await encodeFrame(KEY, 1, "w1", one!);
  const base = { frame: full.ref, bytes: one!.length, verified: true };
  const target = { sha256: await sha256Hex(two!), bytes: two!.length };
  const delta = await deltaFrame(KEY, base, "w2", encodeDelta(one!, two!), target, {});
  const record: Content = { ...target, frame: delta.ref };
  return { record, stored: [full.bytes, delta.bytes], content: two!, contentSha256 };
}

describe("without Node's zlib, as in a browser", () => {
  test("a chain is decoded, and a bomb is not", async () => {
    const { record, stored, content } = await chain();
    vi.doMock("../../src/frames/zlib.ts", () => ({
      zlib: () => Promise.reject(new Error("no such module")),
    }));
    vi.resetModules();
    const browser = await import("../../src/frames/frame.ts");
    const decoded = await browser.decodeFrame(KEY, record, stored);
    expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
    const short = {
      ...record,
      frame: { ...record.frame, chain: { ...record.frame.chain!, base: { codec: "deflate", bytes: 10 } } },
    };
    expect((await browser.decodeFrame(KEY, short, stored)).ok).toBe(false);
    const again = await browser.encodeFrame(KEY, 1, "w1", content);
    const whole: Content = { bytes: content.length, sha256: again.contentSha256, frame: again.ref };
    expect((await decodeFrame(KEY, whole, [again.bytes])).ok).toBe(true);
    vi.doUnmock("../../src/frames/zlib.ts");
  });

  test("the decoder bundles for a browser, with nothing of Node but what it can do without", async () => {
    const entry = fileURLToPath(new URL("../../src/frames/frame.ts", import.meta.url));
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      external: ["node:zlib"],
    });
    expect([...outputFiles[0]!.text.matchAll(/from "node:|require\(/g)]).toEqual([]);
    expect([...outputFiles[0]!.text.matchAll(/import\("node:zlib"\)/g)]).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { depthOf, linksOf } from "../../src/model/chain.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { readVersion } from "../../src/state/version.ts";
import { bench, KEY, save, textOf } from "./core.ts";

/** Content that does not compress, and grows by a line a step. */
function text(step: number): string {
  let x = 7;
  const next = () => {
    x = (x * 1103515245 + 12345) % 2147483648;
    return x.toString(36);
  };
  return Array.from({ length: 200 + step }, () => next() + next()).join("\n");
}

describe("any version that is kept can be read", () => {
  it("from the chain of the current one", async () => {
    const { core, backend } = bench();
    for (let step = 1; step <= 20; step++) await save(core, text(step));
    const { head } = (await backend.load(KEY))!;
    const first = head.version - depthOf(head.state!.frame);
    expect(first).toBe(1);
    for (let version = first; version <= 20; version++) {
      const found = await readVersion(core, KEY, version);
      expect(textOf(found!.content)).toBe(text(version));
      expect(found!.contentType).toBe(version >= 19 ? "text/plain" : null);
    }
    for (const version of [0, 21, -1]) expect(await readVersion(core, KEY, version)).toBeNull();
  });

  it("from checkpoints and their chains, but not from data that was given with one", async () => {
    const { core, backend } = bench();
    for (let step = 1; step <= 3; step++) await save(core, text(step), { checkpoint: step === 3 });
    const data = { content: new TextEncoder().encode("data"), contentType: "text/plain" };
    // Without the content at hand, a process saves whole.
    const other = () => createCore({ backend });
    for (let step = 4; step <= 8; step++) {
      await save(other(), text(step));
      await createCheckpoint(core, KEY, { caller: {}, data });
    }
    const found: number[] = [];
    for (let version = 1; version <= 8; version++) {
      const content = (await readVersion(core, KEY, version))?.content;
      if (!content) continue;
      expect(textOf(content)).toBe(text(version));
      found.push(version);
    }
    expect(found).toEqual([1, 2, 3, 7, 8]);
  });

  it("not when a frame that it is rebuilt from, or one that vouches for these, is damaged", async () => {
    const { core, backend, damage } = bench();
    for (let step = 1; step <= 6; step++) await save(core, text(step));
    const { frame } = (await backend.load(KEY))!.head.state!;
    damage({ ...frame, frameId: linksOf(frame)[4]!.frameId });
    expect(await readVersion(core, KEY, 3)).toBeNull();
  });
});

import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { parseKeyRing } from "../../src/frames/key-ring.ts";
import type { FrameOptions } from "../../src/frames/stored.ts";
import { linksOf } from "../../src/model/chain.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { saveDelta } from "../../src/state/delta.ts";
import { StateManager } from "../../src/state/manager.ts";
import { readState } from "../../src/state/read.ts";
import { KEY, save, textOf } from "./core.ts";

const key = (id: string, fill: number) => ({ id, key: Buffer.alloc(32, fill).toString("base64") });
const [OLD, NEW] = [key("old", 1), key("new", 2)];

function encryption(keys: object[], required = true): FrameOptions {
  return { encryption: { ring: parseKeyRing(JSON.stringify(keys)), required } };
}

/** Of parts that differ: else a delta would not be worth it. */
const secret = Array.from({ length: 60 }, (_, i) => `the customers' names ${i ** 7}`).join();

async function storedBytes(backend: StorageBackend): Promise<Buffer> {
  const { head, frames } = (await backend.load(KEY, { frames: true }))!;
  expect(frames.length).toBe(linksOf(head.state!.frame).length);
  return Buffer.concat(frames.map((frame) => frame!));
}

describe("encryption at rest", () => {
  test("what is stored shows nothing, full frames and deltas, and comes back", async () => {
    const backend = memoryBackend();
    const core = createCore({ backend, frames: { ...encryption([OLD]), compression: { enabled: false } } });
    await save(core, secret);
    await save(core, `${secret} and more`);
    expect((await backend.load(KEY))!.head.state!.frame.chain!.links).toMatch(/^\w+-\w+$/);
    expect((await storedBytes(backend)).includes("customers")).toBe(false);
    expect((await storedBytes(backend)).includes(" and more")).toBe(false);
    const { content } = await readState(createCore({ backend, frames: encryption([OLD]) }), KEY);
    expect(textOf(content)).toBe(`${secret} and more`);
  });

  test("after a rotation old frames are read, new ones written, in one chain too", async () => {
    const backend = memoryBackend();
    await save(createCore({ backend, frames: encryption([OLD]) }), secret);
    const rotated = createCore({ backend, frames: encryption([NEW, OLD]) });
    expect(textOf((await readState(rotated, KEY)).content)).toBe(secret);
    await save(rotated, `${secret}!`);
    expect((await backend.load(KEY))!.head.state!.frame.chain).toBeDefined();
    expect(
      textOf((await readState(createCore({ backend, frames: encryption([NEW, OLD]) }), KEY)).content),
    ).toBe(`${secret}!`);
    const without = createCore({ backend, frames: encryption([NEW]) });
    await expect(readState(without, KEY)).rejects.toMatchObject({ code: "unsupported_format" });
    const none = createCore({ backend });
    await expect(readState(none, KEY)).rejects.toMatchObject({ code: "unsupported_format" });
  });

  test("a plain frame is refused where encryption is required, and read where it is not", async () => {
    const backend = memoryBackend();
    await save(createCore({ backend }), secret);
    const required = createCore({ backend, frames: encryption([NEW]) });
    await expect(readState(required, KEY)).rejects.toMatchObject({ code: "unsupported_format" });
    const moving = createCore({ backend, frames: encryption([NEW], false) });
    expect(textOf((await readState(moving, KEY)).content)).toBe(secret);
    await save(moving, "moved");
    expect(textOf((await readState(moving, KEY)).content)).toBe("moved");
  });

  test("no delta is taken upon frames that may not be read here", async () => {
    const delta = async (core: Core) => {
      const [before, after] = [secret, `${secret}!`].map((text) => new TextEncoder().encode(text));
      return saveDelta(core, KEY, {
        ...{ delta: encodeDelta(before!, after!), sha256: await sha256Hex(after!), maxBytes: 1e6 },
        ...{ caller: {}, checkpoint: "never" as const, precondition: { versions: [1] } },
      });
    };
    const [plain, locked] = [memoryBackend(), memoryBackend()];
    await save(createCore({ backend: plain }), secret);
    const required = createCore({ backend: plain, frames: encryption([NEW]) });
    await expect(delta(required)).rejects.toMatchObject({ code: "unsupported_format" });
    await delta(createCore({ backend: plain, frames: encryption([NEW], false) }));
    await save(createCore({ backend: locked, frames: encryption([OLD]) }), secret);
    await expect(delta(createCore({ backend: locked }))).rejects.toMatchObject({
      code: "unsupported_format",
    });
  });

  test("the library takes keys as the service does, and never tells them", async () => {
    const backend = memoryBackend();
    const manager = new StateManager({ backend, tenant: "acme", encryptionKeys: JSON.stringify([NEW]) });
    await manager.savePipelineState("nightly", { secret });
    expect((await storedBytes(backend)).includes("customers")).toBe(false);
    expect(await manager.loadPipelineState("nightly")).toMatchObject({ state: { secret } });
    const broken = () => new StateManager({ encryptionKeys: `[{"id":"${NEW.key}","key":"${NEW.key}x"}]` });
    expect(broken).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
    expect(broken).toThrow(expect.not.objectContaining({ message: expect.stringContaining(NEW.key) }));
  });
});

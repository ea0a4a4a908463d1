import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { registerPipeline } from "../../src/state/pipelines.ts";
import { readState, wholeOf } from "../../src/state/read.ts";
import { beginUpload, saveParts, uploadPart } from "../../src/state/uploads.ts";
import { memoryStore } from "../support/memory-store.ts";
import { KEY, save } from "./core.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function send(core: Core, uploadId: string, text: string): Promise<string> {
  return (await uploadPart(core, KEY, { uploadId, part: 1, content: bytesOf(text) })).token;
}

async function make(core: Core, uploadId: string, token: string, text: string, checkpoint = false) {
  return saveParts(core, KEY, {
    uploadId,
    tokens: [token],
    sha256: await sha256Hex(bytesOf(text)),
    contentType: "text/plain",
    caller: {},
    checkpoint: checkpoint ? "always" : "never",
  });
}

describe("a token", () => {
  test.each([
    ["a codec that no part has", (token: string) => token.replace("~identity~", "~parts+deflate~")],
    ["a codec of later", (token: string) => token.replace("~identity~", "~zstd~")],
    ["more bytes than a part may have", (token: string) => token.replace(/\d+$/, "4000001")],
  ])("with %s is none", async (_what, edit) => {
    const core = createCore({ backend: memoryBackend() });
    const { uploadId } = await beginUpload(core, KEY);
    const token = await send(core, uploadId, "some");
    await expect(make(core, uploadId, edit(token), "some")).rejects.toMatchObject({ code: "malformed" });
    await make(core, uploadId, token, "some");
  });
});

test.each<[string, () => StorageBackend]>([
  ["memory", () => memoryBackend()],
  ["object", () => objectBackend({ store: memoryStore() })],
])("what is sent to an upload whose state went is kept or refused, never lost: %s", async (_name, open) => {
  const core = createCore({ backend: open() });
  const { uploadId } = await beginUpload(core, KEY);
  await make(core, uploadId, await send(core, uploadId, "first"), "first");
  for (const text of ["a", "b", "c"]) await save(core, text);
  const token = await send(core, uploadId, "second");
  const saved = await make(core, uploadId, token, "second", true).catch((error) => error.code);
  if (typeof saved === "string") expect(saved).toBe("parts_missing");
  const { version } = (await readState(core, KEY)).state;
  // Enough that what is garbage goes.
  for (let i = 0; i < 40; i++) await save(core, "x".repeat(20_000) + i);
  if (typeof saved === "string") return expect(version).toBe(4);
  const [record] = (await core.backend.checkpoints(KEY, { limit: 1 })).data;
  const [index] = await core.backend.frames(KEY, [record!.frame]);
  expect(index).not.toBeNull();
});

test("an upload under way does not put pruning off, nor do checkpoints in parts go without it", async () => {
  const core = createCore({ backend: memoryBackend() });
  await registerPipeline(core, KEY, { retention: { keepLast: 1 } }, {});
  const lookAt = async () => Date.parse((await core.backend.load(KEY))!.head.lookAt!);
  for (const text of ["a", "b", "c", "d"]) {
    const { uploadId } = await beginUpload(core, KEY);
    if (text === "a") expect(await lookAt()).toBeGreaterThan(Date.now() + 7_000_000);
    await make(core, uploadId, await send(core, uploadId, text), text, true);
  }
  expect(await lookAt()).toBeLessThanOrEqual(Date.now());
  expect(new TextDecoder().decode(await wholeOf((await readState(core, KEY)).content))).toBe("d");
});

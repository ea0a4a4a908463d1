import { createHash } from "node:crypto";
import { parseKeyRing } from "../../src/frames/key-ring.ts";
import type { FrameOptions } from "../../src/frames/stored.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { readCheckpoint } from "../../src/state/checkpoints.ts";
import type { Core } from "../../src/state/core.ts";
import type { Large } from "../../src/state/large.ts";
import { readState } from "../../src/state/read.ts";
import { saveState } from "../../src/state/save.ts";
import { beginUpload, saveParts, uploadPart } from "../../src/state/uploads.ts";

export const ALL = { limit: 500 };

/** Frames that are encrypted with one key. */
export function encrypted(id: string, fill: number): FrameOptions {
  const ring = parseKeyRing(JSON.stringify([{ id, key: Buffer.alloc(32, fill).toString("base64") }]));
  return { encryption: { ring, required: true } };
}

/** Saves with a checkpoint, and answers its id. */
export async function saved(core: Core, key: PipelineKey, text: string): Promise<string> {
  const content = new TextEncoder().encode(text);
  const input = { content, contentType: "text/plain", caller: {}, checkpoint: "always" as const };
  return (await saveState(core, key, input)).result.checkpoint!.checkpointId;
}

/** Saves in parts, with a checkpoint, and answers its id. */
export async function savedInParts(core: Core, key: PipelineKey, parts: readonly string[]): Promise<string> {
  const { uploadId } = await beginUpload(core, key);
  const tokens: string[] = [];
  for (const [i, text] of parts.entries()) {
    const content = new TextEncoder().encode(text);
    tokens.push((await uploadPart(core, key, { uploadId, part: i + 1, content })).token);
  }
  const sha256 = createHash("sha256").update(parts.join("")).digest("hex");
  const input = { uploadId, tokens, sha256, contentType: "text/plain", caller: {} };
  const { result } = await saveParts(core, key, { ...input, checkpoint: "always" });
  return result.checkpoint!.checkpointId;
}

export async function textOf(content: Uint8Array | Large): Promise<string> {
  if (content instanceof Uint8Array) return new TextDecoder().decode(content);
  const parts: Uint8Array[] = [];
  for await (const part of content.read()) parts.push(part);
  return Buffer.concat(parts).toString();
}

export async function stateOf(core: Core, key: PipelineKey): Promise<string> {
  return textOf((await readState(core, key)).content);
}

export async function checkpointText(core: Core, key: PipelineKey, checkpointId: string): Promise<string> {
  return textOf((await readCheckpoint(core, key, checkpointId)).content);
}

import { linksOf } from "../model/chain.ts";
import type { Frame, FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { checkSeal, type Damage, damageOf } from "./damage.ts";
import { encodeDelta } from "./delta/encode.ts";
import { type Base, deltaFrame } from "./delta-frame.ts";
import { seal, sha256Hex } from "./digest.ts";
import { fullFrameId } from "./names.ts";
import { fullFrameOf, hasRoom, pays } from "./pays.ts";
import { rebuild } from "./rebuild.ts";
import { type FrameOptions, packFrame } from "./stored.ts";

/** What a version's record says of its content: checked against what the frame decodes to. */
export interface Content {
  bytes: number;
  /** Hex. */
  sha256: string;
  frame: FrameRef;
}

/** A version whose content is at hand. */
export type BaseContent = Base & { content: Uint8Array };

/**
 * Encodes content for `version` of the pipeline: as a delta upon the version before it, when that is given and it
 * pays, else as a full frame. Writing one twice, even late, writes the same bytes again under the same name.
 *
 * @param options.contentSha256 hex, when the caller has it already
 */
export async function encodeFrame(
  key: PipelineKey,
  version: number,
  writeId: string,
  content: Uint8Array,
  options: FrameOptions & { contentSha256?: string; base?: BaseContent | undefined } = {},
): Promise<Frame & { contentSha256: string }> {
  const contentSha256 = options.contentSha256 ?? (await sha256Hex(content));
  const { base } = options;
  const delta = base && (await encodeDeltaFrame(key, writeId, base, content, contentSha256, options));
  if (delta) return { ...delta, contentSha256 };
  const { codec, bytes } = await packFrame({ ...key, version }, content, options);
  const storedSha256 = codec === "identity" ? contentSha256 : await sha256Hex(bytes);
  const frameId = await fullFrameId(version, writeId, storedSha256);
  const ref = { frameId, codec, storedSha256, storedBytes: bytes.length, version };
  return { ref: { ...ref, seal: await seal(key, version, codec, contentSha256) }, bytes, contentSha256 };
}

/** Null when a full frame is better. */
async function encodeDeltaFrame(
  key: PipelineKey,
  writeId: string,
  base: BaseContent,
  content: Uint8Array,
  sha256: string,
  options: FrameOptions,
): Promise<Frame | null> {
  if (!hasRoom(base)) return null;
  const delta = encodeDelta(base.content, content);
  const full = await fullFrameOf(base, content, options.compression);
  const target = { sha256, bytes: content.length };
  const frame = await deltaFrame(key, base, writeId, delta, target, options, full);
  return pays(frame.ref, content.length) ? frame : null;
}

export type Decoded = { ok: true; content: Uint8Array } | Damage;

/**
 * Rebuilds content from the stored bytes of its chain (`linksOf`) and checks everything on the way: length and
 * digest of all that is stored, the codecs' own structure, length and digest of the content, and the seal that
 * binds it to its place.
 *
 * @param stored of each link, in their order; null where the store has none
 * @throws CairnError `unsupported_format` for what a later release wrote, or a key that is not at hand
 */
export async function decodeFrame(
  key: PipelineKey,
  record: Content,
  stored: readonly (Uint8Array | null)[],
  options: FrameOptions = {},
): Promise<Decoded> {
  const { frame } = record;
  const elsewhere = await checkSeal(key, record);
  if (elsewhere) return elsewhere;
  const rebuilt = await rebuild(key, record, linksOf(frame), stored, options);
  if (!rebuilt.ok) return rebuilt;
  const { content } = rebuilt;
  if (content.length !== record.bytes)
    return damageOf(frame, `rebuilt to ${content.length} bytes, not ${record.bytes}`);
  const sha256 = content === stored[0] ? frame.storedSha256 : await sha256Hex(content);
  if (sha256 !== record.sha256) return damageOf(frame, "content does not match its digest");
  return rebuilt;
}

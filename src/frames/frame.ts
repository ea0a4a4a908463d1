import type { Frame, FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type Compression, compress, decompress } from "./compression.ts";
import { seal, sha256Hex } from "./digest.ts";

/** What a version's record says of its content: checked against what the frame decodes to. */
export interface Content {
  bytes: number;
  /** Hex. */
  sha256: string;
  frame: FrameRef;
}

/** Codecs this release reads. A frame by another was written by a later release: it is not damage. */
export const CODECS: readonly string[] = ["identity", "deflate"];

/**
 * Encodes content as a full frame for `version` of the pipeline. The frame id holds the version, the write id's
 * hash and the digest of the stored bytes: writing one twice, even late, writes the same bytes again.
 *
 * @param contentSha256 hex, when the caller has it already
 */
export async function encodeFrame(
  key: PipelineKey,
  version: number,
  writeId: string,
  content: Uint8Array,
  options: { compression?: Compression; contentSha256?: string } = {},
): Promise<Frame & { contentSha256: string }> {
  const [contentSha256, { codec, bytes }, write] = await Promise.all([
    options.contentSha256 ?? sha256Hex(content),
    compress(content, options.compression),
    sha256Hex(writeId),
  ]);
  const storedSha256 = codec === "identity" ? contentSha256 : await sha256Hex(bytes);
  const frameId = `${version}-${write.slice(0, 16)}-${storedSha256.slice(0, 16)}`;
  const storedBytes = bytes.length;
  const ref = { frameId, codec, storedSha256, storedBytes, version };
  return { ref: { ...ref, seal: await seal(key, version, codec, contentSha256) }, bytes, contentSha256 };
}

export type Decoded = { ok: true; content: Uint8Array } | { ok: false; problem: string };

/**
 * Rebuilds content from stored bytes and checks everything on the way: length and digest of what is stored,
 * the codec's own structure, length and digest of the content, and the seal that binds it to its place.
 */
export async function decodeFrame(
  key: PipelineKey,
  record: Content,
  stored: Uint8Array | null,
): Promise<Decoded> {
  const { frame } = record;
  const bad = (what: string): Decoded => ({ ok: false, problem: `frame ${frame.frameId}: ${what}` });
  if (stored === null) return bad("missing from the store");
  if (stored.length !== frame.storedBytes)
    return bad(`${stored.length} bytes stored, not ${frame.storedBytes}`);
  if ((await sha256Hex(stored)) !== frame.storedSha256) return bad("stored bytes do not match their digest");
  if ((await seal(key, frame.version, frame.codec, record.sha256)) !== frame.seal)
    return bad("sealed for another tenant, pipeline, version or codec");
  const content = await decompress(frame.codec, stored, record.bytes);
  if (content === null) return bad(`does not decode as ${frame.codec} to ${record.bytes} bytes`);
  if (content !== stored && (await sha256Hex(content)) !== record.sha256)
    return bad("content does not match its digest");
  if (content === stored && frame.storedSha256 !== record.sha256)
    return bad("content does not match its digest");
  return { ok: true, content };
}

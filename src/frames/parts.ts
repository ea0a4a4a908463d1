import type { Frame, FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { seal, sha256Hex } from "./digest.ts";
import { partId } from "./names.ts";
import type { Damage } from "./rebuild.ts";
import { type FrameOptions, packFrame, unpackFrame } from "./stored.ts";

/*
 * A content too large for one request, or for memory: its parts are frames of their own, and the frame that its
 * record names is their index, JSON `[[link, codec, storedSha256, bytes]…]`. So the digest of the index binds them
 * all, and each is checked as it is read, without the others.
 */

/** The most that a part holds: what every platform takes in one request, also as base64. */
export const PART_BYTES = 4_000_000;
export const MOST_PARTS = 1000;

/** What a codec of an index begins with. */
const INDEX = "parts+";
/** Parts are made before it is known which version they are of. */
const ANY_VERSION = 0;

/** One part as it is stored. */
export interface Part {
  frameId: string;
  codec: string;
  storedSha256: string;
  storedBytes: number;
  /** Of its content. */
  bytes: number;
}

/** @param chain see `uploadChain` @param place from 1 */
export async function packPart(
  key: PipelineKey,
  chain: string,
  place: number,
  content: Uint8Array,
  options: FrameOptions,
): Promise<{ part: Part; stored: Uint8Array }> {
  const { codec, bytes: stored } = await packFrame({ ...key, version: ANY_VERSION }, content, options);
  const storedSha256 = await sha256Hex(stored);
  const storedBytes = stored.length;
  const frameId = await partId(chain, place, storedSha256, storedBytes);
  return { part: { frameId, codec, storedSha256, storedBytes, bytes: content.length }, stored };
}

export type OpenedPart = { ok: true; content: Uint8Array } | Damage;

/** The content of a part, checked. @throws CairnError `unsupported_format` */
export async function openPart(
  key: PipelineKey,
  part: Part,
  stored: Uint8Array | null,
  options: FrameOptions,
): Promise<OpenedPart> {
  const { frameId, codec, storedBytes, storedSha256, bytes } = part;
  const bad = (what: string): Damage => ({ ok: false, problem: `frame ${frameId}: ${what}`, frameId });
  if (stored === null) return bad("missing from the store");
  if (stored.length !== storedBytes) return bad(`${stored.length} bytes stored, not ${storedBytes}`);
  if ((await sha256Hex(stored)) !== storedSha256) return bad("stored bytes do not match their digest");
  const opened = await unpackFrame({ ...key, version: ANY_VERSION }, codec, stored, bytes, options);
  return opened.ok ? { ok: true, content: opened.bytes } : bad(opened.problem);
}

/** The frame that a version in parts is known by. */
export async function indexFrame(
  key: PipelineKey,
  version: number,
  chain: string,
  parts: readonly Part[],
  contentSha256: string,
  options: FrameOptions,
): Promise<Frame> {
  const rows = parts.map(({ frameId, codec, storedSha256, bytes }) => [
    linkOf(frameId),
    codec,
    storedSha256,
    bytes,
  ]);
  const index = new TextEncoder().encode(JSON.stringify(rows));
  const packed = await packFrame({ ...key, version: ANY_VERSION }, index, options);
  const storedSha256 = await sha256Hex(packed.bytes);
  const storedBytes = packed.bytes.length;
  const codec = INDEX + packed.codec;
  const frameId = await partId(chain, 0, storedSha256, storedBytes);
  const facts = {
    count: parts.length,
    indexBytes: index.length,
    storedBytes: parts.reduce((sum, part) => sum + part.storedBytes, 0),
  };
  const ref = { frameId, codec, storedSha256, storedBytes, version, parts: facts };
  return { ref: { ...ref, seal: await seal(key, version, codec, contentSha256) }, bytes: packed.bytes };
}

export type OpenedIndex = { ok: true; parts: Part[] } | Damage;

/** The parts that an index names, checked. @throws CairnError `unsupported_format` */
export async function openIndex(
  key: PipelineKey,
  record: { sha256: string; frame: FrameRef },
  stored: Uint8Array | null,
  options: FrameOptions,
): Promise<OpenedIndex> {
  const { frame, sha256 } = record;
  const { frameId } = frame;
  const bad = (what: string): Damage => ({ ok: false, problem: `frame ${frameId}: ${what}`, frameId });
  if ((await seal(key, frame.version, frame.codec, sha256)) !== frame.seal)
    return bad("sealed for another tenant, pipeline, version or codec");
  const index = { ...frame, codec: frame.codec.slice(INDEX.length), bytes: frame.parts!.indexBytes };
  const opened = await openPart(key, index, stored, options);
  if (!opened.ok) return opened;
  const rows = JSON.parse(new TextDecoder().decode(opened.content)) as [string, string, string, number][];
  const chain = frameId.slice(0, frameId.indexOf("."));
  const parts = rows.map(([link, codec, storedSha256, bytes], i) => {
    const storedBytes = Number.parseInt(link, 36);
    return { frameId: `${chain}.p${i + 1}-${link}`, codec, storedSha256, storedBytes, bytes };
  });
  return { ok: true, parts };
}

/** What is behind the place in a part's id. */
function linkOf(frameId: string): string {
  return frameId.slice(frameId.indexOf("-", frameId.indexOf(".")) + 1);
}

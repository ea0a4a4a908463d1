import { chainOf, partNamed, storedBytesIn } from "../model/chain.ts";
import type { Frame, FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { checkSeal, checkStored, type Damage, damageOf } from "./damage.ts";
import { seal, sha256Hex } from "./digest.ts";
import { partId } from "./names.ts";
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

/** A part without its chain and its place in it; `link` is what stands behind these in its id. */
export type PartRow = [link: string, codec: string, storedSha256: string, bytes: number];

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
  const checked = await checkStored(part, stored, part.storedSha256);
  if (!checked.ok) return checked;
  const place = { ...key, version: ANY_VERSION };
  const opened = await unpackFrame(place, part.codec, checked.bytes, part.bytes, options);
  return opened.ok ? { ok: true, content: opened.bytes } : damageOf(part, opened.problem);
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
  const index = new TextEncoder().encode(JSON.stringify(parts.map(rowOf)));
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
  const { frame } = record;
  const elsewhere = await checkSeal(key, record);
  if (elsewhere) return elsewhere;
  const index = { ...frame, codec: frame.codec.slice(INDEX.length), bytes: frame.parts!.indexBytes };
  const opened = await openPart(key, index, stored, options);
  if (!opened.ok) return opened;
  const rows = JSON.parse(new TextDecoder().decode(opened.content)) as PartRow[];
  return { ok: true, parts: rows.map((row, i) => partOf(chainOf(frame), i + 1, row)) };
}

export function rowOf({ frameId, codec, storedSha256, bytes }: Part): PartRow {
  const link = frameId.slice(frameId.indexOf("-", frameId.indexOf(".")) + 1);
  return [link, codec, storedSha256, bytes];
}

/** @param place from 1 */
export function partOf(chain: string, place: number, [link, codec, storedSha256, bytes]: PartRow): Part {
  const [frameId, storedBytes] = [partNamed(chain, place, link), storedBytesIn(link)];
  return { frameId, codec, storedSha256, storedBytes, bytes };
}

import { concat } from "../model/bytes.ts";
import type { Chain, Frame, FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { compress, decompress } from "./compression.ts";
import { fromHex, seal, sha256Hex, toHex } from "./digest.ts";
import { type FramePlace, isEncrypted } from "./encryption.ts";
import { deltaFrameId } from "./names.ts";
import { codecOf, type FrameOptions, laterCodec, lock, unlock } from "./stored.ts";

/*
 * A delta as it is stored, before encryption: format (1 byte), compression (1), length of the delta (4, little
 * endian), SHA-256 of the stored bytes of the frame before (32), the delta (delta/format.ts). So the digest of the
 * last frame of a chain binds them all, as in a Merkle tree, and no frame of a chain can be taken for another's.
 */
const FORMAT = 0xd1;
const DIGEST_AT = 6;
const HEADER = DIGEST_AT + 32;
const COMPRESSIONS = ["identity", "deflate"];

export const DELTA = "delta";

/** What a delta makes, told without making it. */
export interface Target {
  sha256: string;
  bytes: number;
  /** Not known to be what the delta makes: a client says so. */
  unverified?: true;
}

/** The version that a delta is made upon: its frame, and what its record says of its content. */
export interface Base {
  frame: FrameRef;
  bytes: number;
  verified: boolean;
}

/**
 * The frame of a delta upon `base`, for the version after it.
 *
 * @param full what a full frame takes, when the caller has found out; else it is guessed as before
 */
export async function deltaFrame(
  key: PipelineKey,
  base: Base,
  writeId: string,
  delta: Uint8Array,
  target: Target,
  options: FrameOptions,
  full?: Chain["full"],
): Promise<Frame> {
  const version = base.frame.version + 1;
  const bytes = await storedDelta({ ...key, version }, base.frame.storedSha256, delta, options);
  const codec = codecOf(DELTA, options);
  const storedSha256 = await sha256Hex(bytes);
  const storedBytes = bytes.length;
  const { frameId, links } = await deltaFrameId(base.frame, writeId, storedSha256, storedBytes);
  const before = base.frame.chain ?? chainOfOne(base);
  const unverified = target.unverified ? 1 + (base.verified ? 0 : before.unverified) : 0;
  const chain: Chain = {
    links,
    storedBytes: before.storedBytes + storedBytes,
    base: before.base,
    full: full ?? before.full,
    unverified,
  };
  const ref = { frameId, codec, storedSha256, storedBytes, version, chain };
  return { ref: { ...ref, seal: await seal(key, version, codec, target.sha256) }, bytes };
}

function chainOfOne({ frame: { codec, storedBytes }, bytes }: Base): Omit<Chain, "links"> {
  return { storedBytes, base: { codec, bytes }, full: { bytes, storedBytes }, unverified: 0 };
}

async function storedDelta(
  place: FramePlace,
  baseSha256: string,
  delta: Uint8Array,
  options: FrameOptions,
): Promise<Uint8Array> {
  const packed = await compress(delta, options.compression);
  const header = new Uint8Array(HEADER);
  header.set([FORMAT, COMPRESSIONS.indexOf(packed.codec)]);
  new DataView(header.buffer).setUint32(2, delta.length, true);
  header.set(fromHex(baseSha256)!, DIGEST_AT);
  return lock(place, concat([header, packed.bytes]), options);
}

export type OpenedDelta =
  | { ok: true; baseSha256: string; delta: Uint8Array }
  | { ok: false; problem: string };

/** A stored delta taken apart. @throws CairnError `unsupported_format` */
export async function openDelta(
  place: FramePlace,
  stored: Uint8Array,
  options: FrameOptions,
): Promise<OpenedDelta> {
  const opened = await unlock(place, stored, isEncrypted(stored), options);
  if (!opened.ok) return opened;
  const { bytes } = opened;
  if (bytes.length < HEADER) return { ok: false, problem: "too short for a delta" };
  if (bytes[0] !== FORMAT) throw laterCodec();
  const codec = COMPRESSIONS[bytes[1]!];
  if (codec === undefined) throw laterCodec();
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2, true);
  const delta = await decompress(codec, bytes.subarray(HEADER), size);
  if (!delta) return { ok: false, problem: `does not decode as ${codec} to ${size} bytes` };
  return { ok: true, baseSha256: toHex(bytes.subarray(DIGEST_AT, HEADER)), delta };
}

import { depthOf } from "../model/chain.ts";
import type { Chain, FrameRef } from "../model/frame.ts";
import { type Compression, compress } from "./compression.ts";
import type { Base } from "./delta-frame.ts";

/** The longest chain: its records name every delta, and a load applies them all. */
export const DEPTH = 128;
/** What a chain takes at most, in full frames of its last version: what a load reads. */
const CHAIN = 2;
/** A delta larger than this part of a full frame soon ends its chain. */
const LARGEST = 0.6;
/** Of less than this it is cheap to know what a full frame takes. */
const CHEAP = 16 * 1024;

/** What a full frame of content takes: as before in proportion, found out when it has doubled since. */
export async function fullFrameOf(
  base: Base,
  content: Uint8Array,
  compression?: Compression,
): Promise<Chain["full"]> {
  const last = lastFull(base);
  if (content.length >= CHEAP && content.length < 2 * last.bytes) return last;
  const { bytes } = await compress(content, compression);
  return { bytes: content.length, storedBytes: bytes.length };
}

function lastFull({ frame, bytes }: Base): Chain["full"] {
  return frame.chain?.full ?? { bytes, storedBytes: frame.storedBytes };
}

/** Whether a delta is worth it, by what a full frame of `bytes` would take and what the chain takes with it. */
export function pays({ chain, ...ref }: FrameRef, bytes: number): boolean {
  if (!chain) return false;
  const { full } = chain;
  const whole = (full.storedBytes / Math.max(1, full.bytes)) * bytes;
  return (
    ref.storedBytes <= LARGEST * whole &&
    chain.storedBytes <= CHAIN * whole &&
    depthOf({ ...ref, chain }) <= DEPTH
  );
}

/** Whether `base` can take one more delta at all: found out before one is made. */
export function hasRoom({ frame }: Base): boolean {
  return depthOf(frame) < DEPTH && !frame.parts;
}

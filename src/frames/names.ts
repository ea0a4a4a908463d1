import { chainOf, depthOf, partNamed } from "../model/chain.ts";
import type { FrameRef } from "../model/frame.ts";
import { sha256 } from "./digest.ts";

const CHAIN_LETTERS = 20;
const TAG_LETTERS = 7;

/** The id of a full frame, which begins a chain. */
export async function fullFrameId(version: number, writeId: string, storedSha256: string): Promise<string> {
  return `${version}-${await letters(writeId, storedSha256, CHAIN_LETTERS)}.0`;
}

/**
 * The id of a delta upon `base`, and the links of its chain. Its tag need only tell it from the deltas that others
 * made upon the very same frame at the same time: two of them share one by a chance of one in 2^35.
 */
export async function deltaFrameId(
  base: FrameRef,
  writeId: string,
  storedSha256: string,
  storedBytes: number,
): Promise<{ frameId: string; links: string }> {
  const link = await linkTo(writeId, storedSha256, storedBytes);
  const links = base.chain ? `${base.chain.links}.${link}` : link;
  return { frameId: `${chainOf(base)}.${depthOf(base) + 1}-${link}`, links };
}

/** A chain for a content in parts, which is to be a version after this one. */
export function uploadChain(version: number): string {
  const random = crypto.getRandomValues(new Uint8Array(CHAIN_LETTERS));
  return `${version + 1}-${lettersOf(random, CHAIN_LETTERS)}`;
}

/** The id of a part, or with place 0 of the index of all. */
export async function partId(
  chain: string,
  place: number,
  storedSha256: string,
  storedBytes: number,
): Promise<string> {
  return partNamed(chain, place, await linkTo(chain, storedSha256, storedBytes));
}

/** What stands behind the place in a chain. */
async function linkTo(writeId: string, storedSha256: string, storedBytes: number): Promise<string> {
  return `${storedBytes.toString(36)}-${await letters(writeId, storedSha256, TAG_LETTERS)}`;
}

/** Digits and small letters, five bits each: names may end up in file systems that fold case. */
async function letters(writeId: string, storedSha256: string, count: number): Promise<string> {
  const digest = await sha256(new TextEncoder().encode(`${storedSha256}\n${writeId}`));
  return lettersOf(digest, count);
}

function lettersOf(bytes: Uint8Array, count: number): string {
  return Array.from(bytes.subarray(0, count), (byte) => (byte & 31).toString(32)).join("");
}

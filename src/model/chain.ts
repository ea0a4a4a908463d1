import type { FrameRef } from "./frame.ts";

/**
 * The names of frames. A chain is a full frame and the deltas upon it, each of the version after the one before:
 *
 *     chain  <version of the full frame>-<hash of its write and its stored bytes>
 *     frame  <chain>.<place in it, from 0>[-<stored bytes, base 36>-<hash of its write and its stored bytes>]
 *     part   <chain>.p<place, from 1>-<stored bytes, base 36>-<hash>: of a content in parts, whose index is the frame
 *
 * So a store finds all that belongs to a chain by a prefix, and a record that names a delta names all frames
 * before it in a dozen letters each. Two writers of one version never write one name, a write sent twice does.
 */

/** What a store needs to find a frame's bytes. */
export interface Link {
  frameId: string;
  storedBytes: number;
}

/** What all frames of a chain begin with, up to the first `.`. */
export function chainOf({ frameId }: Pick<FrameRef, "frameId">): string {
  const dot = frameId.indexOf(".");
  return dot < 0 ? frameId : frameId.slice(0, dot);
}

/** The id of a part, or with place 0 of the index of all; `link` is what stands behind the place. */
export function partNamed(chain: string, place: number, link: string): string {
  return `${chain}.${place === 0 ? "0" : `p${place}`}-${link}`;
}

/** Whether it is the id of a part, which is staged before a record names it. */
export function isPart(frameId: string): boolean {
  return frameId.startsWith(".p", frameId.indexOf("."));
}

/** What the frame takes that has this behind its place. */
export function storedBytesIn(link: string): number {
  return Number.parseInt(link, 36);
}

/** The frames that a content is rebuilt from: the full one first, the named one last. */
export function linksOf(ref: FrameRef): Link[] {
  const own = { frameId: ref.frameId, storedBytes: ref.storedBytes };
  if (!ref.chain) return [own];
  const chain = chainOf(ref);
  const links = ref.chain.links.split(".");
  const deltas = links.map((link, i) => ({
    frameId: `${chain}.${i + 1}-${link}`,
    storedBytes: storedBytesIn(link),
  }));
  const rest = deltas.reduce((sum, delta) => sum + delta.storedBytes, 0);
  return [{ frameId: `${chain}.0`, storedBytes: ref.chain.storedBytes - rest }, ...deltas];
}

/** What a version takes in the store, without the frames that it shares with others. */
export function storedBytesOf({ storedBytes, parts }: FrameRef): number {
  return storedBytes + (parts?.storedBytes ?? 0);
}

/** The id of the frame that a delta is made upon; undefined of a full frame. */
export function baseOf(ref: FrameRef): string | undefined {
  return ref.chain && linksOf(ref).at(-2)!.frameId;
}

/** How many deltas are between the frame and the full one. */
export function depthOf({ chain }: FrameRef): number {
  return chain ? chain.links.split(".").length : 0;
}

/** What the frames of a chain take up to this one, parts included. */
export function bytesUpTo({ storedBytes, chain, parts }: FrameRef): number {
  return (chain?.storedBytes ?? storedBytes) + (parts?.storedBytes ?? 0);
}

/** What all of these take in the store, with the frames they are made upon; shared ones once. */
export function totalBytes(frames: Iterable<FrameRef>): number {
  return [...chainBytes(frames).values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** By chain, what it takes in the store, as far as these records tell: all frames up to the last one named. */
export function chainBytes(frames: Iterable<FrameRef>): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const frame of frames) {
    const chain = chainOf(frame);
    bytes.set(chain, Math.max(bytes.get(chain) ?? 0, bytesUpTo(frame)));
  }
  return bytes;
}

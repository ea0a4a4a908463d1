import { chainOf } from "../../model/chain.ts";
import type { FrameRef } from "../../model/frame.ts";

/** What the frames of a chain take up to this one, parts included. */
function bytesUpTo({ storedBytes, chain, parts }: FrameRef): number {
  return (chain?.storedBytes ?? storedBytes) + (parts?.storedBytes ?? 0);
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

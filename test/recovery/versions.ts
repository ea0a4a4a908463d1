import { chainOf } from "../../src/model/chain.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import { bench, KEY, save } from "../state/core.ts";

/** Content that does not compress, and grows by a line a step: versions of it share a chain. */
export function growing(seed: number, step: number): string {
  let x = seed;
  const next = () => {
    x = (x * 1103515245 + 12345) % 2147483648;
    return x.toString(36);
  };
  return Array.from({ length: 200 + step }, () => next() + next()).join("\n");
}

/** Versions of a pipeline, a second apart, each with a checkpoint: a chain for each of these lengths. */
export async function chains(...lengths: number[]) {
  const made = bench();
  const frames: FrameRef[] = [];
  const ids: string[] = [];
  for (const [i, length] of lengths.entries()) {
    made.core.contents.forget(KEY);
    for (let step = 0; step < length; step++) {
      made.clock.now += 1000;
      const { result } = await save(made.core, growing(i + 7, step), { checkpoint: true });
      ids.push(result.checkpoint!.checkpointId);
      frames.push((await made.backend.load(KEY))!.head.state!.frame);
    }
  }
  const count = new Set(frames.map(chainOf)).size;
  if (count !== lengths.length) throw new Error(`${count} chains, not ${lengths.length}`);
  return { ...made, frames, ids };
}

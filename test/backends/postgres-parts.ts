import { type Options, saving } from "../../src/backends/contract/support.ts";
import type { Commit, StagedFrame } from "../../src/backends/types.ts";
import { chainOf } from "../../src/model/chain.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

/** A save over `version` with more frames of its chain, which are to be staged before. */
export async function inParts(
  key: PipelineKey,
  version: number,
  parts: readonly Uint8Array[],
  options: Options = {},
): Promise<{ staged: StagedFrame[]; commit: Commit }> {
  const commit = await saving(key, version, "root", options);
  const state = commit.effects.state!;
  const staged = parts.map((bytes, i) => ({ frameId: `${chainOf(state.frame.ref)}.p${i}-x`, bytes }));
  const links = staged.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
  return {
    staged,
    commit: { ...commit, effects: { ...commit.effects, state: { ...state, staged: links } } },
  };
}

import type { NewState } from "../backends/types.ts";
import { uploadChain } from "../frames/names.ts";
import { indexFrame, type Part, packPart } from "../frames/parts.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Core } from "./core.ts";

/**
 * Stores one part ahead of the commit that names it.
 *
 * @param chain see `uploadChain` @param place from 1
 */
export async function stagePart(
  core: Core,
  key: PipelineKey,
  chain: string,
  place: number,
  content: Uint8Array,
): Promise<Part> {
  const { part, stored } = await packPart(key, chain, place, content, core.frames);
  await core.backend.stage(key, [{ frameId: part.frameId, bytes: stored }]);
  return part;
}

/**
 * Stores a content part by part, ahead of the commit that makes it the version after `version`: one at a time is in
 * memory.
 *
 * @param sha256 of the whole, hex
 */
export async function stageParts(
  core: Core,
  key: PipelineKey,
  version: number,
  pieces: AsyncIterable<Uint8Array>,
  sha256: string,
): Promise<Pick<NewState, "frame" | "staged">> {
  const chain = uploadChain(version);
  const staged: Part[] = [];
  for await (const piece of pieces) staged.push(await stagePart(core, key, chain, staged.length + 1, piece));
  return { frame: await indexFrame(key, version + 1, chain, staged, sha256, core.frames), staged };
}

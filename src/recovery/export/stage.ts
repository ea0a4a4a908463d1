import { nodeCrypto } from "../../backends/node-crypto.ts";
import type { NewState } from "../../backends/types.ts";
import { uploadChain } from "../../frames/names.ts";
import { indexFrame, MOST_PARTS, PART_BYTES, type Part, packPart } from "../../frames/parts.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { fileChanged } from "./steps.ts";

/** Stores a content of the file part by part, ahead of the commit that makes it the version after `version`. */
export async function stageFile(
  core: Core,
  key: PipelineKey,
  version: number,
  file: Blob,
  sha256: string,
): Promise<Pick<NewState, "frame" | "staged">> {
  const hash = nodeCrypto().createHash("sha256");
  const chain = uploadChain(version);
  const staged: Part[] = [];
  for (const piece of partsOf(file)) {
    const bytes = new Uint8Array(await piece.arrayBuffer());
    hash.update(bytes);
    const { part, stored } = await packPart(key, chain, staged.length + 1, bytes, core.frames);
    await core.backend.stage(key, [{ frameId: part.frameId, bytes: stored }]);
    staged.push(part);
  }
  if (hash.digest("hex") !== sha256) throw fileChanged();
  return { frame: await indexFrame(key, version + 1, chain, staged, sha256, core.frames), staged };
}

/** A content in the pieces that it is sent in. @throws CairnError `too_large` */
export function partsOf(file: Blob, partBytes: number = PART_BYTES): Blob[] {
  const count = Math.ceil(file.size / partBytes);
  if (count > MOST_PARTS)
    throw new CairnError("too_large", `A content of ${file.size} bytes has more than ${MOST_PARTS} parts.`);
  return Array.from({ length: count }, (_, i) => file.slice(i * partBytes, (i + 1) * partBytes));
}

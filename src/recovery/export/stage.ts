import { nodeCrypto } from "../../backends/node-crypto.ts";
import type { NewState } from "../../backends/types.ts";
import { MOST_PARTS, PART_BYTES } from "../../frames/parts.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { stageParts } from "../../state/stage-parts.ts";
import { fileChanged } from "./steps.ts";

/** Stores a content of the file part by part, ahead of the commit that makes it the version after `version`. */
export function stageFile(
  core: Core,
  key: PipelineKey,
  version: number,
  file: Blob,
  sha256: string,
): Promise<Pick<NewState, "frame" | "staged">> {
  return stageParts(core, key, version, checkedParts(file, sha256), sha256);
}

/** @throws CairnError at the end, when the file is not what it was */
async function* checkedParts(file: Blob, sha256: string): AsyncGenerator<Uint8Array, void> {
  const hash = nodeCrypto().createHash("sha256");
  for (const piece of partsOf(file)) {
    const bytes = new Uint8Array(await piece.arrayBuffer());
    hash.update(bytes);
    yield bytes;
  }
  if (hash.digest("hex") !== sha256) throw fileChanged();
}

/** A content in the pieces that it is sent in. @throws CairnError `too_large` */
export function partsOf(file: Blob, partBytes: number = PART_BYTES): Blob[] {
  const count = Math.ceil(file.size / partBytes);
  if (count > MOST_PARTS)
    throw new CairnError("too_large", `A content of ${file.size} bytes has more than ${MOST_PARTS} parts.`);
  return Array.from({ length: count }, (_, i) => file.slice(i * partBytes, (i + 1) * partBytes));
}

import { sha256, toHex } from "../frames/digest.ts";
import { CairnClientError, CairnHttpError } from "./errors.ts";
import type { LoadOptions } from "./options.ts";
import type { Shared } from "./save.ts";
import { type Answer, statePath, versionOf } from "./send.ts";
import { toBase64 } from "./values/base64.ts";
import type { Content } from "./values.ts";

/** A version of the state, as it was saved. */
export interface LoadedContent extends Content {
  version: number;
  /** Of the bytes, lowercase hex. */
  sha256: string;
}

/** Answers null when there is no such pipeline, or no state yet. */
export async function loadContent(
  { send }: Shared,
  pipelineId: string,
  { signal }: LoadOptions,
): Promise<LoadedContent | null> {
  try {
    return await checkedContent(
      await send({ method: "GET", path: statePath(pipelineId), headers: {}, signal }),
    );
  } catch (error) {
    if (error instanceof CairnHttpError && error.code === "not_found") return null;
    throw error;
  }
}

/** @throws CairnClientError `bad_answer` for bytes that are not those of the digest */
export async function checkedContent({ headers, bytes }: Answer): Promise<LoadedContent> {
  const digest = await sha256(bytes);
  const version = versionOf(headers);
  const isWhole = headers.get("Repr-Digest")?.includes(`sha-256=:${toBase64(digest)}:`);
  if (version === null || !isWhole) {
    throw new CairnClientError("bad_answer", "The answer is not the whole state, or another one.");
  }
  const contentType = headers.get("Content-Type") ?? "application/octet-stream";
  return { bytes, contentType, version, sha256: toHex(digest) };
}

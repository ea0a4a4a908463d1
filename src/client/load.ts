import { sha256, toHex } from "../frames/digest.ts";
import { toBase64 } from "../model/base64.ts";
import { CairnClientError, nullWhenMissing } from "./errors.ts";
import type { LoadOptions } from "./options.ts";
import type { Shared } from "./save.ts";
import { type Answer, type Outgoing, type Send, statePath, versionOf } from "./send.ts";
import { type Content, decodeValue } from "./values.ts";

/** A content as it was saved. */
export interface CheckedContent extends Content {
  /** Of the state; null for what is no version of it. */
  version: number | null;
  /** Of the bytes, lowercase hex. */
  sha256: string;
  /** RFC 3339; of data given with a checkpoint, when that was made. */
  savedAt: string;
}

/** A version of the state, as it was saved. */
export interface LoadedContent extends CheckedContent {
  version: number;
}

/** Answers null when there is no such pipeline, or no state yet. */
export function loadContent(
  { send }: Shared,
  pipelineId: string,
  { signal }: LoadOptions,
): Promise<LoadedContent | null> {
  return nullWhenMissing(
    loadState(send, { method: "GET", path: statePath(pipelineId), headers: {}, signal }),
  );
}

async function loadState(send: Send, request: Outgoing): Promise<LoadedContent> {
  const { version, ...content } = await checkedContent(await send(request));
  if (version === null) throw otherContent();
  return { ...content, version };
}

/** @throws CairnClientError `bad_answer` for bytes that are not those of the digest */
export async function checkedContent({ headers, bytes }: Answer): Promise<CheckedContent> {
  const digest = await sha256(bytes);
  if (!headers.get("Repr-Digest")?.includes(`sha-256=:${toBase64(digest)}:`)) throw otherContent();
  const contentType = headers.get("Content-Type") ?? "application/octet-stream";
  const savedAt = headers.get("Cairn-Saved-At")!;
  return { bytes, contentType, version: versionOf(headers), sha256: toHex(digest), savedAt };
}

/** Instead of bytes the value: what was saved for JSON types, the bytes for all others. */
export type Valued<T, C extends Content> = Omit<C, "bytes"> & { value: T };

export function asValue<T, C extends Content>(loaded: C | null): Valued<T, C> | null {
  if (!loaded) return null;
  const { bytes, ...facts } = loaded;
  return { ...facts, value: decodeValue(loaded) as T };
}

export function otherContent(): CairnClientError {
  return new CairnClientError("bad_answer", "The service speaks of another content, or of a part.");
}

import { encodeFrame } from "../frames/frame.ts";
import { newWriteId, type PipelineKey } from "../model/ids.ts";
import { send } from "./commit.ts";
import type { Core } from "./core.ts";
import { decodeContent } from "./read.ts";

/** The service's own tenant: no API key may have it. */
export const OPERATOR = "cairn.operator";

/** What the service itself remembers under a name, and the version to write over. */
export interface Note<T> {
  version: number;
  /** Null: there is none yet, or it is damaged, which is the same as none. */
  value: T | null;
}

/**
 * Notes are states of pipelines of the service's own, so that they have what all states have: one compare-and-set
 * decides which of many functions goes on from a note.
 */
export async function readNote<T>(core: Core, name: string): Promise<Note<T>> {
  const key = keyOf(name);
  const loaded = await core.backend.load(key, { frames: true });
  const { head, frames } = loaded ?? { head: null, frames: [] };
  if (!head?.state || head.deleted) return { version: head?.version ?? 0, value: null };
  const decoded = await decodeContent(core, key, head.state, frames);
  const { version } = head;
  if (!decoded.ok || !(decoded.content instanceof Uint8Array)) return { version, value: null };
  return { version, value: JSON.parse(new TextDecoder().decode(decoded.content)) as T };
}

/** @returns false when another has written since: whoever wrote goes on from there */
export async function writeNote(core: Core, name: string, version: number, value: object): Promise<boolean> {
  const key = keyOf(name);
  const writeId = newWriteId();
  const content = new TextEncoder().encode(JSON.stringify(value));
  const { contentSha256, ...frame } = await encodeFrame(key, version + 1, writeId, content, core.frames);
  const facts = { contentType: "application/json", bytes: content.length, sha256: contentSha256 };
  const outcome = await send(core, {
    key,
    writeId,
    digest: contentSha256,
    expect: { create: "anew", version },
    effects: { state: { frame, ...facts, verified: true, restoredFrom: null } },
  });
  return outcome.ok;
}

function keyOf(pipelineId: string): PipelineKey {
  return { tenant: OPERATOR, pipelineId };
}

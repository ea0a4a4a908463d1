import type { PipelineKey } from "../model/ids.ts";
import { changedBytes } from "../model/json/changed-bytes.ts";
import { type DiffOperation, diffJson } from "../model/json/diff.ts";
import { checkedJsonText, isJson, notJson } from "../model/json-content.ts";
import { CURRENT } from "../model/names.ts";
import { findCheckpoint, readCheckpoint } from "./checkpoints.ts";
import type { Core } from "./core.ts";
import { readState, requireHead, wholeOf } from "./read.ts";
import { frameSharing } from "./shared-frames.ts";

export interface StateDiff {
  /** JSON Patch (RFC 6902). */
  patch: DiffOperation[];
  /**
   * For each member of the outermost object whose text changed, by JSON Pointer: the bytes it grew by, or shrank
   * by when negative. Where a document is no object, `""` stands for all.
   */
  bytes: Record<string, number>;
}

/**
 * What makes the content of `b` out of that of the checkpoint `a`. Equal contents that verify are not read at all, and a
 * frame that both are rebuilt from is read once. Both contents are in memory as text meanwhile.
 *
 * @param b a checkpoint, or `current`
 * @throws CairnError `not_found`, `not_json` when one of the two is something else, `unrecoverable` when one is
 *   damaged
 */
export async function diffCheckpoints(
  core: Core,
  key: PipelineKey,
  a: string,
  b: string,
): Promise<StateDiff> {
  const [from, to] = await Promise.all([findContent(core, key, a), findContent(core, key, b)]);
  for (const { contentType } of [from, to]) if (!isJson(contentType)) throw notJson(contentType);
  // A digest that only a client has named may be another content's.
  if (from.sha256 === to.sha256 && from.verified && to.verified) return { patch: [], bytes: {} };
  const sharing = frameSharing(core);
  const [before, after] = await Promise.all([readText(sharing(), key, a), readText(sharing(), key, b)]);
  return { patch: diffJson(before, after), bytes: changedBytes(before, after) };
}

async function findContent(
  core: Core,
  key: PipelineKey,
  id: string,
): Promise<{ contentType: string; sha256: string; verified: boolean }> {
  if (id !== CURRENT) return findCheckpoint(core, key, id);
  const { state } = await requireHead(core, key);
  return state ?? (await readState(core, key)).state;
}

/** The state may be another by now than the one that was found, of another type too. */
async function readText(core: Core, key: PipelineKey, id: string): Promise<string> {
  const { record, content } =
    id === CURRENT ? await readCurrent(core, key) : await readCheckpoint(core, key, id);
  return checkedJsonText(record.contentType, await wholeOf(content));
}

async function readCurrent(core: Core, key: PipelineKey) {
  const { state, content } = await readState(core, key);
  return { record: state, content };
}

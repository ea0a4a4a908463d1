import { linksOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { readHead, type Store } from "./committer.ts";
import type { Item } from "./item.ts";
import { findCheckpoint, rowsById } from "./lists.ts";
import { bytesOf } from "./read-frames.ts";
import { marked } from "./record.ts";
import { liveCheckpoints } from "./rows.ts";

/**
 * A checkpoint and its chain: its row is looked for while the head is read, which says whether it counts, and then
 * all frames are read side by side. A sequence is never given twice, so that a row is right whenever it was read.
 */
export async function loadCheckpoint(
  store: Store,
  key: PipelineKey,
  checkpointId: string,
): Promise<{ record: CheckpointRecord; frames: (Uint8Array | null)[] } | null> {
  const [{ record: head, frames }, rows] = await Promise.all([
    readHead(store, key),
    rowsOfOne(store, key, checkpointId),
  ]);
  if (!head) return null;
  const recent = head.recent.filter((each) => each.checkpointId === checkpointId);
  const [known] = [...marked(head, recent), ...liveCheckpoints(head, rows, store.upgrades)];
  // It may have moved from the head to a row between the two reads.
  const record = known ?? (await findCheckpoint(store, key, checkpointId));
  return record && { record, frames: await bytesOf(store, key, frames, linksOf(record.frame)) };
}

/** None where this process knows it to be in the head: all rows are read to find one, and billed. */
async function rowsOfOne(store: Store, key: PipelineKey, checkpointId: string): Promise<readonly Item[]> {
  const recent = store.cache.get(key)?.record?.recent ?? [];
  if (recent.some((each) => each.checkpointId === checkpointId)) return [];
  for await (const items of store.table.query(rowsById(key, checkpointId)))
    if (items.length > 0) return items;
  return [];
}

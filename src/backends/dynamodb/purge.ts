import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import type { Shelves } from "./frames.ts";
import { frameSk, type ItemKey, partition, revisionOf, sequenceOf } from "./keys.ts";
import { listedFrames } from "./listed.ts";

/**
 * Deletes what is left of a pipeline that was deleted, beside the garbage its tombstone names: rows, and frames
 * that no head came to name. All of it is older than the tombstone; what a pipeline started anew writes is not.
 */
export async function purgeDeleted(shelves: Shelves, key: PipelineKey, tombstone: Head): Promise<void> {
  await Promise.all([purgeRows(shelves, key, tombstone), purgeObjects(shelves, key, tombstone)]);
}

async function purgeRows({ table }: Shelves, key: PipelineKey, tombstone: Head): Promise<void> {
  const rows = table.query({
    where: "#pk = :pk AND #sk < :head",
    values: { ":pk": { S: partition(key) }, ":head": { S: "head" } },
    only: ["pk", "sk"],
  });
  for await (const items of rows) {
    const keys: ItemKey[] = items.map(({ pk, sk }) => ({ pk: pk!.S!, sk: sk!.S! }));
    await table.write(
      [],
      keys.filter(({ sk }) => isOlder(sk, tombstone)),
    );
  }
}

function isOlder(sk: string, { sequence, revision, version }: Head): boolean {
  const [ownSequence, ownRevision] = [sequenceOf(sk), revisionOf(sk)];
  if (ownSequence !== null) return ownSequence <= sequence;
  if (ownRevision !== null) return ownRevision <= revision;
  return isOlderChain(sk.slice(frameSk("").length), version);
}

async function purgeObjects({ s3 }: Shelves, key: PipelineKey, { version }: Head): Promise<void> {
  if (!s3) return;
  for await (const ids of listedFrames(s3, key)) {
    const old = ids.filter((id) => isOlderChain(id, version));
    if (old.length > 0) await s3.delete(old.map((id) => frameKey(key, id)));
  }
}

/** A chain's name begins with its first version; at the tombstone's own there may be new ones as well. */
export function isOlderChain(name: string, version: number): boolean {
  return Number.parseInt(name, 10) < version;
}

import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import { LARGE } from "./draft.ts";
import { deleteLarge, type Shelves } from "./frames.ts";
import { frameSk, type ItemKey, partition, revisionOf, sequenceOf } from "./keys.ts";

/** Deletes what nothing names any more; what is not there is no error. */
export async function deleteGarbage(
  shelves: Shelves,
  key: PipelineKey,
  garbage: readonly string[],
): Promise<void> {
  const large = garbage.filter((name) => name.startsWith(LARGE)).map((name) => name.slice(LARGE.length));
  const rows = garbage.filter((name) => !name.startsWith(LARGE));
  // Where there is no object store large frames are rows as well.
  const sks = [...rows, ...(shelves.s3 ? [] : large.map(frameSk))];
  const keys = sks.map((sk) => ({ pk: partition(key), sk }));
  await Promise.all([shelves.table.write([], keys), deleteLarge(shelves, key, large)]);
}

const PAGE = 1000;

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
  return isOlderFrame(sk.slice(frameSk("").length), version);
}

async function purgeObjects({ s3 }: Shelves, key: PipelineKey, { version }: Head): Promise<void> {
  if (!s3) return;
  const prefix = frameKey(key, "");
  for (let after: string | undefined, more = true; more; ) {
    const page = await s3.list(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    const old = page.keys.filter((name) => isOlderFrame(name.slice(prefix.length), version));
    if (old.length > 0) await s3.delete(old);
    after = page.keys.at(-1);
    more = page.more;
  }
}

/** A frame's id begins with its version; at the tombstone's own there may be new frames as well. */
function isOlderFrame(frameId: string, version: number): boolean {
  return Number.parseInt(frameId, 10) < version;
}

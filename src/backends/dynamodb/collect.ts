import { bytesIn } from "../../model/bytes.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { barOf, stillBarred } from "../object/barred.ts";
import { frameKey } from "../object/keys.ts";
import { readHead, type Store, unchanged } from "./committer.ts";
import { unavailable } from "./errors.ts";
import { headAttributes } from "./item.ts";
import { chainNamed, HEAD, headKey, isGathered, OBJECTS, partition } from "./keys.ts";
import { holdsFrames, leftovers } from "./leftovers.ts";
import { datedFrames } from "./listed.ts";
import type { HeadRecord, Opened } from "./record.ts";

/** What one call takes away at most, and how often it begins again when others write. */
const MOST = 1000;
const TRIES = 4;

/** By name, when it was written: sort keys, and objects as `o/` with their frame's id. */
type Found = ReadonlyMap<string, number>;
type There = Opened & { record: HeadRecord };

/**
 * Deletes rows and objects that are older than that and that nothing names: they were left by writers who lost, or
 * died. Of a pipeline without a head nothing goes, for there a late writer could not be told.
 *
 * What is old is listed first and the head is read after it, so that what is named by then is kept. Then the head's
 * revision is raised, and it says which names may not come back: whoever had written them before and comes late with
 * his update fails, for its condition is on the head before, and finds the bar when he tries again.
 *
 * @returns how many rows and objects of frames went
 */
export async function collectLeft(store: Store, key: PipelineKey, olderThanSeconds: number): Promise<number> {
  const isOld = (time: number) => time + olderThanSeconds * 1000 <= store.now();
  const found = await listOld(store, key, isOld);
  for (let attempt = 0; attempt < TRIES && found.size > 0; attempt++) {
    const { record, ...opened } = await readHead(store, key);
    if (!record) return 0;
    const left = await leftovers(store, key, { ...opened, record }, [...found.keys()]);
    const gone = left?.slice(0, MOST);
    if (gone?.length === 0) return 0;
    if (!gone || !(await bar(store, key, { ...opened, record }, gone.filter(holdsFrames)))) continue;
    // By now this clock is known to be the store's.
    return erase(
      store,
      key,
      gone.filter((name) => isOld(found.get(name)!)),
    );
  }
  return 0;
}

async function listOld(
  { table, s3 }: Store,
  key: PipelineKey,
  isOld: (time: number) => boolean,
): Promise<Found> {
  const found = new Map<string, number>();
  const add = (name: string, at: number) => isOld(at) && found.set(name, at);
  const rows = table.query({
    where: "#pk = :pk AND #sk < :head",
    values: { ":pk": { S: partition(key) }, ":head": { S: HEAD } },
    only: ["sk", "at"],
  });
  for await (const items of rows) for (const { sk, at } of items) add(sk!.S!, Number(at?.N));
  if (!s3) return found;
  for await (const page of datedFrames(s3, key)) for (const [id, at] of page) add(OBJECTS + id, at);
  return found;
}

/**
 * Whether the head was still the one that was opened. What was gathered needs no bar: its name has the revision in it.
 *
 * @throws CairnError `backend_unavailable`; the update may have landed, then there are bars and nothing is gone
 */
async function bar(
  { table, cache }: Store,
  key: PipelineKey,
  { record: last, ...opened }: There,
  gone: readonly string[],
): Promise<boolean> {
  const { head, barred } = last;
  const bars = gone.filter((name) => !isGathered(name)).map((name) => barOf(chainNamed(name)));
  const all = stillBarred({ barred: [...new Set([...barred, ...bars])] }, head);
  const record = { ...last, head: { ...head, revision: head.revision + 1 }, ...all };
  const attributes = headAttributes(record, opened.frames);
  cache.forget(key);
  const change = { key: headKey(key), set: attributes, ...unchanged(opened) };
  const { ok, at } = await table.change(change).catch((cause: unknown) => {
    throw unavailable(cause);
  });
  if (!ok) return false;
  const bytes = attributes.head.B.length + bytesIn(opened.frames.values());
  cache.put(key, { revision: record.head.revision, record, frames: opened.frames }, bytes, at);
  return true;
}

async function erase({ table, s3 }: Store, key: PipelineKey, names: readonly string[]): Promise<number> {
  const objects = names.filter((name) => name.startsWith(OBJECTS));
  const rows = names.filter((name) => !name.startsWith(OBJECTS));
  await table.write(
    [],
    rows.map((sk) => ({ pk: partition(key), sk })),
  );
  if (objects.length > 0) await s3!.delete(objects.map((name) => frameKey(key, chainNamed(name))));
  return names.filter(holdsFrames).length;
}

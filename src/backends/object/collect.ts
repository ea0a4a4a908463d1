import { chainOf, linksOf } from "../../model/chain.ts";
import { statesOf } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { barOf, stillBarred } from "./barred.ts";
import { type CommitterOptions, putHead, unavailable } from "./committer.ts";
import { framePrefix, segmentPrefix } from "./keys.ts";
import { pagesOf } from "./listing.ts";
import { BATCH } from "./queue.ts";
import { type HeadRecord, type Opened, readHead, readSegment } from "./record.ts";
import { encodeHead } from "./seal-draft.ts";
import type { ObjectStore } from "./store.ts";

/** What one call takes away at most, and how often it begins again when others write. */
const MOST = 1000;
const TRIES = 4;
const DELTA = /^[^.]*\.[1-9]/;

/** By key, when it was put. */
type Found = ReadonlyMap<string, number>;

/**
 * Deletes frames and segments that are older than that and that nothing durable names: they were left by writers who
 * lost, or died. Of a pipeline without a head nothing goes, for there a late writer could not be told.
 *
 * What is old is listed first and the head is read after it, so that what is named by then is kept. Then the head
 * is put anew, with a higher revision and the names that may not come back: whoever had put a frame before and comes
 * late with its head fails, for his condition is on the head before, and finds the bar when he tries again.
 *
 * @returns how many frames went
 */
export async function collectFrames(
  options: CommitterOptions,
  key: PipelineKey,
  olderThanSeconds: number,
): Promise<number> {
  const isOld = (time: number) => time + olderThanSeconds * 1000 <= options.now();
  const found = await listOld(options.store, key, isOld);
  for (let attempt = 0; attempt < TRIES && found.size > 0; attempt++) {
    const opened = await readHead(options.store, key, options.upgrades);
    if (!opened.record) return 0;
    const gone = (await unnamed(options, key, opened.record, [...found.keys()])).slice(0, MOST);
    if (gone.length === 0) return 0;
    if (!(await bar(options, key, opened, gone))) continue;
    // By now this clock is known to be the store's.
    const old = gone.filter((name) => isOld(found.get(name)!));
    await options.store.delete(old);
    return old.filter((name) => name.startsWith(framePrefix(key))).length;
  }
  return 0;
}

async function listOld(
  store: ObjectStore,
  key: PipelineKey,
  isOld: (time: number) => boolean,
): Promise<Found> {
  const found = new Map<string, number>();
  for (const prefix of [framePrefix(key), segmentPrefix(key)])
    for await (const { keys, times } of pagesOf(store, prefix))
      for (const [i, name] of keys.entries()) if (isOld(times[i]!)) found.set(name, times[i]!);
  return found;
}

/** Segments first: there are few. */
async function unnamed(
  options: CommitterOptions,
  key: PipelineKey,
  record: HeadRecord,
  names: readonly string[],
): Promise<string[]> {
  const segments = new Set(record.segments.map(({ name }) => segmentPrefix(key) + name));
  const ids = names.map((name) => idIn(framePrefix(key), name)).filter((id) => id !== null);
  const frames = await unnamedFrames(options, key, record, ids);
  const isSegment = (name: string) => name.startsWith(segmentPrefix(key));
  return [
    ...names.filter((name) => isSegment(name) && !segments.has(name)),
    ...frames.map((id) => framePrefix(key) + id),
  ];
}

/** Of a living chain, the full frame and all parts stay. */
async function unnamedFrames(
  options: CommitterOptions,
  key: PipelineKey,
  record: HeadRecord,
  ids: readonly string[],
): Promise<string[]> {
  const living = new Set(record.objects);
  const dead = ids.filter((frameId) => !living.has(chainOf({ frameId })));
  const deltas = ids.filter((frameId) => living.has(chainOf({ frameId })) && DELTA.test(frameId));
  if (deltas.length === 0) return dead;
  const named = await namedFrames(options, key, record);
  return [...dead, ...deltas.filter((id) => named && !named.has(id))];
}

/** Null when a segment is lost: what its checkpoints name is not known. */
async function namedFrames(
  { store, upgrades }: CommitterOptions,
  key: PipelineKey,
  { head, checkpoints, segments }: HeadRecord,
): Promise<Set<string> | null> {
  const refs = segments.filter((ref) => ref.checkpoints > 0);
  const read = await Promise.all(refs.map(({ name }) => readSegment(store, key, name, upgrades)));
  const whole = read.filter((segment) => segment !== null);
  if (whole.length < refs.length) return null;
  const records = [...statesOf(head), ...checkpoints, ...whole.flatMap((segment) => segment.checkpoints)];
  return new Set(records.flatMap(({ frame }) => linksOf(frame).map(({ frameId }) => frameId)));
}

/** Whether the head was still the one that was opened. */
async function bar(
  { store, cache }: CommitterOptions,
  key: PipelineKey,
  { record: last, frames, etag }: Opened,
  gone: readonly string[],
): Promise<boolean> {
  const { head, barred } = last!;
  const bars = gone.map((name) => idIn(framePrefix(key), name)).filter((id) => id !== null);
  const all = [...new Set([...barred, ...bars.map(barOf)])];
  const record = { ...last!, head: { ...head, revision: nextRevision(key, head.revision, gone) } };
  Object.assign(record, stillBarred({ barred: all }, head));
  const { bytes, size } = await encodeHead({ record, frames });
  cache.forget(key);
  const put = await putHead(store, key, bytes, { ifMatch: etag! }).catch((cause: unknown) => {
    throw unavailable(cause);
  });
  if (put === null) return false;
  cache.put(key, { etag: put.etag, record, frames }, size, put.at);
  return true;
}

/** Past that of every batch that was under way: a segment's name, which has it, must not come back either. */
function nextRevision(key: PipelineKey, revision: number, gone: readonly string[]): number {
  return revision + 1 + (gone.some((name) => name.startsWith(segmentPrefix(key))) ? BATCH : 0);
}

/** What a key says after its prefix; null of a key of another kind. */
function idIn(prefix: string, name: string): string | null {
  return name.startsWith(prefix) ? name.slice(prefix.length) : null;
}

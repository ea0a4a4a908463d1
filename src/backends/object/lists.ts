import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { checkpointPage, decodeCursor, encodeCursor, eventPage, matches, pipelinesCut } from "../pages.ts";
import type { Page, PageRequest, PipelineFilter } from "../types.ts";
import { leaveOut } from "../unreadable.ts";
import type { Upgrades } from "./container.ts";
import { headPrefix } from "./keys.ts";
import { type HeadRecord, readHead, readSegment } from "./record.ts";
import type { ObjectStore } from "./store.ts";

interface Source {
  store: ObjectStore;
  upgrades: Upgrades;
}

/** How many heads one call for a list reads at most: a rare match must not read a whole tenant. */
const HEADS_READ = 500;
const SEGMENTS_AT_ONCE = 4;

export async function findCheckpoint(
  source: Source,
  key: PipelineKey,
  checkpointId: string,
): Promise<CheckpointRecord | null> {
  const found = (records: readonly CheckpointRecord[]) =>
    records.find((record) => record.checkpointId === checkpointId) ?? null;
  return settled(() => eachPart(source, key, (part) => found(part.checkpoints)));
}

export async function listCheckpoints(
  source: Source,
  key: PipelineKey,
  page: PageRequest & { label?: string },
): Promise<Page<CheckpointRecord>> {
  return settled(async () => {
    const all: CheckpointRecord[] = [];
    await eachPart(source, key, (part) => {
      all.push(...part.checkpoints);
      return checkpointPage(all, page).cursor ? true : null;
    });
    return checkpointPage(all, page);
  });
}

export async function listEvents(
  source: Source,
  key: PipelineKey,
  page: PageRequest,
): Promise<Page<PipelineEvent>> {
  return settled(async () => {
    let all: PipelineEvent[] = [];
    await eachPart(source, key, (part) => {
      all = [...part.events, ...all];
      return eventPage(all, page).cursor ? true : null;
    });
    return eventPage(all, page);
  });
}

/** The head that a read began with is no longer the one. */
class Moved extends Error {}

const RESTARTS = 8;

async function settled<T>(read: () => Promise<T>): Promise<T> {
  for (let restart = 0; ; restart++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Moved) || restart === RESTARTS) throw error;
    }
  }
}

type Part = Pick<HeadRecord, "checkpoints" | "events">;

/** The head, then its segments, newest first, some at a time, until `look` has found what it wants. */
async function eachPart<T>({ store, upgrades }: Source, key: PipelineKey, look: (part: Part) => T | null) {
  const { record, etag } = await readHead(store, key, upgrades);
  if (!record) return null;
  const found = look(record);
  if (found !== null) return found;
  const refs = record.segments.filter(({ checkpoints, events }) => checkpoints + events > 0).reverse();
  for (let from = 0; from < refs.length; from += SEGMENTS_AT_ONCE) {
    const some = refs.slice(from, from + SEGMENTS_AT_ONCE);
    const segments = await Promise.all(some.map(({ name }) => readSegment(store, key, name, upgrades)));
    // Gone because the head has moved on meanwhile, or lost: then what is left is better than nothing.
    const gone = segments.includes(null);
    if (gone && (await readHead(store, key, upgrades)).etag !== etag) throw new Moved();
    for (const segment of segments) {
      const inSegment = segment && look(segment);
      if (inSegment) return inSegment;
    }
  }
  return null;
}

/** Pipelines by id. Reads as many heads as the page needs, side by side. */
export async function listPipelines(
  source: Source,
  tenant: string,
  filter: PipelineFilter,
  page: PageRequest,
): Promise<Page<Head>> {
  const { store } = source;
  const prefix = headPrefix(tenant);
  const data: Head[] = [];
  let after = decodeCursor("pipelines", page.cursor);
  // The rarer the matches, the more heads at a time.
  for (let read = 0, batch = page.limit + 1; read < HEADS_READ; batch = Math.min(2 * batch, 100)) {
    const limit = Math.min(batch, HEADS_READ - read);
    const listed = await store.list(prefix, {
      limit,
      ...(after === undefined ? {} : { after: prefix + after }),
    });
    const ids = listed.keys.map((name) => name.slice(prefix.length));
    const heads = await Promise.all(ids.map((pipelineId) => headsOf(source, { tenant, pipelineId })));
    data.push(...heads.flat().filter((head) => matches(head, filter)));
    read += ids.length;
    after = ids.at(-1) ?? after;
    if (data.length > page.limit) return pipelinesCut(data, page.limit);
    if (!listed.more) return { data, cursor: null };
  }
  return { data, cursor: encodeCursor("pipelines", after!) };
}

/** Its head, where there is one that can be read. */
async function headsOf({ store, upgrades }: Source, key: PipelineKey): Promise<Head[]> {
  const read = readHead(store, key, upgrades);
  return read.then(({ record }) => (record ? [record.head] : []), leaveOut(key));
}

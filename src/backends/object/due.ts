import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { dueAt } from "../due-at.ts";
import type { Due } from "../types.ts";
import { leaveOut } from "../unreadable.ts";
import type { Upgrades } from "./container.ts";
import {
  DUE_PREFIX,
  type DueMarker,
  dueKey,
  dueMinute,
  type ListedMarker,
  parseDueKey,
  placeIn,
} from "./keys.ts";
import { claimEnd, markerAt, minuteOf } from "./markers.ts";
import { readHead } from "./record.ts";
import { type ObjectStore, Throttled } from "./store.ts";

interface DueOptions {
  store: ObjectStore;
  upgrades: Upgrades;
  slackSeconds: number;
  now: () => number;
}

/** Markers listed in one call, due or not: it must end in bounded time. */
const MARKERS = 2000;
const AT_ONCE = 32;
/** So many are listed first. When all of them are due there are likely to be many more. */
const FRONT = 4;
/** Ten times the longest time a function may run: nobody still holds a head that was prepared before. */
const ABANDONED_MINUTES = 150;

/**
 * Pipelines whose time has come, found by markers of minutes gone by. A marker is a hint: the head decides. What is
 * listed is pushed on by a minute, so that nothing starves the rest and nothing is lost if the caller dies.
 *
 * The oldest come first. Where there is a crowd, each sweep then begins somewhere among the others of their minute and
 * goes round: those that overlap seldom list what another is claiming.
 */
export async function findDue(options: DueOptions, limit: number): Promise<Due[]> {
  if (limit < 1) return [];
  const end = dueMinute(minuteOf(options.now()) + 1);
  const search: Search = { options, limit, end, listed: 0, found: [] };
  const front = await listAfter(search, undefined, FRONT);
  await lookAtAll(search, front.markers);
  if (front.last === null) return search.found;
  const begin = beyond(front.markers, front.last);
  await lookFrom(search, begin, end);
  await lookFrom(search, front.last, begin);
  return search.found;
}

interface Search {
  options: DueOptions;
  limit: number;
  /** What is due has a name before this. */
  end: string;
  listed: number;
  found: Due[];
}

interface Page {
  /** Those whose minute has come. */
  markers: ListedMarker[];
  /** Where to go on; null when no more can be due. */
  last: string | null;
}

/** A place in the minute of the last of them, and not before it. */
function beyond(markers: readonly ListedMarker[], last: string): string {
  const newest = markers.at(-1);
  const place = newest ? placeIn(newest.minute, Math.random()) : last;
  return place > last ? place : last;
}

/** Page by page, as many as are still wanted, until that name. */
async function lookFrom(search: Search, after: string, until: string): Promise<void> {
  for (let last: string | null = after; last !== null && last < until && isOpen(search); ) {
    const page: Page = await listAfter(search, last, AT_ONCE);
    last = page.last;
    await lookAtAll(search, page.markers);
  }
}

function isOpen({ found, limit, listed }: Search): boolean {
  return found.length < limit && listed < MARKERS;
}

async function listAfter(search: Search, after: string | undefined, most: number): Promise<Page> {
  const { options, limit, end, found } = search;
  const position = after === undefined ? {} : { after };
  const size = Math.min(most, limit - found.length);
  const { keys, more } = await options.store.list(DUE_PREFIX, { limit: size, ...position });
  search.listed += keys.length;
  const markers = keys.filter((name) => name < end).map(parseDueKey);
  const last = keys.at(-1);
  return {
    markers: markers.filter((each) => each !== null),
    last: more && last !== undefined && last < end ? last : null,
  };
}

/** The markers that have no more use go together. */
async function lookAtAll({ options, found }: Search, markers: readonly ListedMarker[]): Promise<void> {
  const looked = await Promise.allSettled(markers.map((each) => lookAt(options, each)));
  const done = looked.map((each) => (each.status === "fulfilled" ? each.value : NOTHING));
  const gone = markers.filter((_, i) => done[i]!.gone).map(({ name }) => name);
  if (gone.length > 0) await options.store.delete(gone);
  const failed = looked.find(({ status }) => status === "rejected");
  if (failed) throw (failed as PromiseRejectedResult).reason;
  // Two markers of one pipeline, looked at in different minutes.
  for (const { due } of done) if (due && !found.some(({ key }) => same(key, due.key))) found.push(due);
}

function same(a: PipelineKey, b: PipelineKey): boolean {
  return a.tenant === b.tenant && a.pipelineId === b.pipelineId;
}

/** What came of a marker: whether its pipeline is due and was claimed, and whether it has no more use. */
interface Look {
  due: Due | null;
  gone: boolean;
}

const NOTHING: Look = { due: null, gone: false };

async function lookAt(options: DueOptions, hint: ListedMarker): Promise<Look> {
  try {
    const { record } = await readHead(options.store, hint.key, options.upgrades);
    return await judge(options, hint, record?.head);
  } catch (error) {
    leaveOut(hint.key)(error);
    return push(options.store, hint, { ...hint, minute: claimEnd(options.now()) });
  }
}

async function judge(
  { store, slackSeconds, now }: DueOptions,
  hint: ListedMarker,
  head: Head | undefined,
): Promise<Look> {
  if (!head || head.revision < hint.revision) {
    // Put before its head, which may still come: only time tells, and then it is looked at again.
    const abandoned = minuteOf(now()) - ABANDONED_MINUTES;
    if (hint.minute >= abandoned) return NOTHING;
    return push(store, hint, { ...hint, minute: minuteOf(now()) + ABANDONED_MINUTES });
  }
  const time = dueAt(head, slackSeconds);
  if (time === null) return { due: null, gone: true };
  if (time > now()) return push(store, hint, markerAt(head, minuteOf(time)));
  return push(store, hint, markerAt(head, claimEnd(now())), { key: hint.key, head });
}

/**
 * The next marker is there before this one goes. Nobody is given what is due when another put it, or is about to: of
 * those who claim a head in the same minute one lists it.
 */
async function push(
  store: ObjectStore,
  hint: ListedMarker,
  next: DueMarker,
  due: Due | null = null,
): Promise<Look> {
  if (next.minute <= hint.minute) return NOTHING;
  try {
    const put = await store.put(dueKey(next), new Uint8Array(), "absent");
    return { due: put && due, gone: true };
  } catch (error) {
    if (error instanceof Throttled) return NOTHING;
    throw error;
  }
}

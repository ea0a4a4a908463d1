import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { dueAt } from "../due-at.ts";
import type { Due } from "../types.ts";
import { leaveOut } from "../unreadable.ts";
import type { Upgrades } from "./container.ts";
import { DUE_PREFIX, type DueMarker, dueKey, parseDueKey } from "./keys.ts";
import { claimEnd, markerAt, minuteOf } from "./markers.ts";
import { readHead } from "./record.ts";
import { type ObjectStore, Throttled } from "./store.ts";

interface DueOptions {
  store: ObjectStore;
  upgrades: Upgrades;
  slackSeconds: number;
  now: () => number;
}

/** Markers looked at in one call, due or not: it must end in bounded time. */
const MARKERS = 2000;
const AT_ONCE = 32;
/** Ten times the longest time a function may run: nobody still holds a head that was prepared before. */
const ABANDONED_MINUTES = 150;

/**
 * Pipelines whose time has come, found by markers of minutes gone by. A marker is a hint: the head decides. What is
 * listed is pushed on by a minute, so that nothing starves the rest and nothing is lost if the caller dies.
 */
export async function findDue(options: DueOptions, limit: number): Promise<Due[]> {
  const found: Due[] = [];
  const minute = minuteOf(options.now());
  let after: string | undefined;
  for (let seen = 0; seen < MARKERS && found.length < limit; ) {
    const page = {
      limit: Math.min(AT_ONCE, limit - found.length),
      ...(after === undefined ? {} : { after }),
    };
    const { keys, more } = await options.store.list(DUE_PREFIX, page);
    const markers = keys
      .map(parseDueKey)
      .filter((each) => each !== null && each.minute <= minute) as DueMarker[];
    const looked = await Promise.all(markers.map((each) => lookAt(options, each)));
    // Two markers of one pipeline, looked at in different minutes.
    for (const due of looked.flat()) if (!found.some(({ key }) => same(key, due.key))) found.push(due);
    seen += keys.length;
    after = keys.at(-1);
    if (!more || markers.length < keys.length) break;
  }
  return found;
}

function same(a: PipelineKey, b: PipelineKey): boolean {
  return a.tenant === b.tenant && a.pipelineId === b.pipelineId;
}

async function lookAt(options: DueOptions, hint: DueMarker): Promise<Due[]> {
  try {
    const { record } = await readHead(options.store, hint.key, options.upgrades);
    const due = await judge(options, hint, record?.head);
    return due ? [due] : [];
  } catch (error) {
    const none = leaveOut(hint.key)(error);
    await push(options.store, hint, { ...hint, minute: claimEnd(options.now()) });
    return none;
  }
}

async function judge(
  { store, slackSeconds, now }: DueOptions,
  hint: DueMarker,
  head: Head | undefined,
): Promise<Due | null> {
  if (!head || head.revision < hint.revision) {
    // Put before its head, which may still come: only time tells, and then it is looked at again.
    const abandoned = minuteOf(now()) - ABANDONED_MINUTES;
    if (hint.minute < abandoned)
      await push(store, hint, { ...hint, minute: minuteOf(now()) + ABANDONED_MINUTES });
    return null;
  }
  const time = dueAt(head, slackSeconds);
  if (time === null) await store.delete([dueKey(hint)]);
  else if (time > now()) await push(store, hint, markerAt(head, minuteOf(time)));
  else if (await push(store, hint, markerAt(head, claimEnd(now())))) return { key: hint.key, head };
  return null;
}

/**
 * The next marker is there before this one goes. False when another put it, or is about to: of those who claim a
 * head in the same minute one lists it.
 */
async function push(store: ObjectStore, hint: DueMarker, next: DueMarker): Promise<boolean> {
  if (next.minute <= hint.minute) return false;
  try {
    const put = await store.put(dueKey(next), new Uint8Array(), "absent");
    await store.delete([dueKey(hint)]);
    return put !== null;
  } catch (error) {
    if (error instanceof Throttled) return false;
    throw error;
  }
}

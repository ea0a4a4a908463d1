import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { isLive } from "../apply-lease.ts";
import type { Due } from "../types.ts";
import { leaveOut } from "../unreadable.ts";
import type { Upgrades } from "./container.ts";
import { marker } from "./draft.ts";
import { DUE_PREFIX, type DueMarker, dueKey, parseDueKey } from "./keys.ts";
import { readHead } from "./record.ts";
import type { ObjectStore } from "./store.ts";

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
 * Pipelines whose lease ran out, found by markers of minutes gone by. A marker is a hint: the head decides. What
 * is listed is pushed on by a minute, so that nothing starves the rest and nothing is lost if the caller dies.
 */
export async function findDue(options: DueOptions, limit: number): Promise<Due[]> {
  const found: Due[] = [];
  const minute = Math.floor(options.now() / 60_000);
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
    const looked = await Promise.all(markers.map((each) => lookAt(options, each, minute)));
    // Two markers of one fence: a writer that lost put one as well.
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

async function lookAt(options: DueOptions, hint: DueMarker, minute: number): Promise<Due[]> {
  try {
    const { record } = await readHead(options.store, hint.key, options.upgrades);
    const due = await judge(options, hint, record?.head, minute);
    return due ? [due] : [];
  } catch (error) {
    const none = leaveOut(hint.key)(error);
    await push(options.store, hint, minute + 1);
    return none;
  }
}

async function judge(
  { store, slackSeconds, now }: DueOptions,
  hint: DueMarker,
  head: Head | undefined,
  minute: number,
): Promise<Due | null> {
  if (!head || head.fence < hint.fence) {
    // Written before its head, which may still come: only time tells, and then it is looked at again.
    if (minute - hint.minute > ABANDONED_MINUTES) await push(store, hint, minute + ABANDONED_MINUTES);
    return null;
  }
  if (head.fence > hint.fence || !head.lease || head.status !== "running") {
    await store.delete([dueKey(hint)]);
    return null;
  }
  if (isLive(head.lease, now(), slackSeconds)) {
    await push(store, hint, marker(hint.key, head).minute);
    return null;
  }
  await push(store, hint, minute + 1);
  return { key: hint.key, head };
}

/** The next marker is there before this one goes. */
async function push(store: ObjectStore, hint: DueMarker, minute: number): Promise<void> {
  if (minute <= hint.minute) return;
  await store.put(dueKey({ ...hint, minute }), new Uint8Array());
  await store.delete([dueKey(hint)]);
}

import { setTimeout as sleep } from "node:timers/promises";
import type { StorageBackend } from "../../src/backends/types.ts";
import type { SweepSummary } from "../../src/recovery/sweep/sweep.ts";
import { startCrew } from "./crew.ts";
import { FIRST_FENCE, fillTogether, keyOf } from "./fill.ts";
import { type Owners, startOwners } from "./owners.ts";
import type { Store } from "./stores.ts";

export interface OverlapSize {
  expired: number;
  healthy: number;
  /** Sweeping side by side. */
  processes: number;
  kills: number;
}

export interface Overlapped {
  /** What is not as it must be, in words, the first few of each kind. */
  problems: string[];
  /** Expired pipelines that were interrupted once: by fence, event and message. */
  once: number;
  /** Healthy pipelines that are as they were. */
  untouched: number;
  kills: number;
  /** Pipelines that were listed as due, those that a killed process had and another got later twice. */
  listed: number;
  /**
   * Records that were due, and how often one was read to list them. Where markers stand for them: each marker once,
   * for the one that a claim leaves behind comes up a minute later, and is looked at to be put where it belongs.
   */
  due: number;
  read: number;
  /** Of markers of times to come (`Listed`). */
  toComePerLook: number;
  messages: number;
  /** To make the pipelines, and from the first sweep until the last owner was told. */
  fillSeconds: number;
  seconds: number;
  /** Of the sweeps that ended. */
  secondsPerDue: number;
  callsPerDue: number;
}

const [TTL, DAY, YEAR] = [1, 86_400, 31_536_000];
const PATIENCE_SECONDS = 3600;
/** Then all that is left is what killed ones had been given, for a minute. */
const IDLE_SECONDS = 5;

/**
 * Processes sweep a store together, and now and then one is killed and replaced, until everybody's owner was told.
 *
 * @throws Error when that does not come about
 */
export async function overlapping(store: Store, size: OverlapSize): Promise<Overlapped> {
  const owners = await startOwners();
  try {
    const filled = Date.now();
    // Who was told is not told again, but where the sweeper was killed before it could note that.
    const recovery = { webhookUrl: `${owners.origin}/wake`, backoffSeconds: YEAR };
    await fillTogether(store, { prefix: "healthy", count: size.healthy, ttlSeconds: DAY, recovery });
    await fillTogether(store, { prefix: "expired", count: size.expired, ttlSeconds: TTL, recovery });
    const fillSeconds = (Date.now() - filled) / 1000;
    await sleep((TTL + store.backend.capabilities.clockSlackSeconds) * 1000 + 100);
    const swept = await sweepTogether(store, owners, size);
    return {
      ...swept,
      fillSeconds,
      messages: owners.messages,
      ...(await judge(store.backend, owners, size)),
    };
  } finally {
    await owners.stop();
  }
}

async function sweepTogether(store: Store, owners: Owners, { expired, processes, kills }: OverlapSize) {
  const readBefore = await store.read();
  const crew = startCrew(processes, () => store.spec, owners.origin);
  const started = Date.now();
  // What killed ones had been given comes up again in a minute: nobody need wait for it.
  const idle = async () => {
    await store.passMinute();
    crew.putClocksOn();
  };
  try {
    for (let killed = 0; killed < kills; killed++) {
      await toldTo(owners, ((killed + 1) * expired) / (kills + 2), idle);
      await crew.replace(killed % processes);
    }
    await toldTo(owners, expired, idle);
  } finally {
    await crew.stop();
  }
  const seconds = (Date.now() - started) / 1000;
  // Postgres counts what a session did when it sees that it has ended.
  await sleep(1000);
  const { listed, looks, markers, toCome } = crew.counted;
  const counted = await store.read();
  const reads =
    counted === null
      ? { due: markers.size, read: crew.counted.read }
      : { due: listed, read: counted - readBefore! };
  const handled = sum(crew.summaries, "due");
  return {
    ...{ seconds, kills, listed, ...reads, toComePerLook: toCome / looks },
    secondsPerDue: sum(crew.summaries, "seconds") / handled,
    callsPerDue: sum(crew.summaries, "calls") / handled,
  };
}

/** Waits for so many owners to be told. @param idle what to do when nobody is told for a while */
async function toldTo({ told }: Owners, count: number, idle: () => Promise<void>): Promise<void> {
  const end = Date.now() + PATIENCE_SECONDS * 1000;
  let last = { size: told.size, at: Date.now() };
  while (told.size < count) {
    await sleep(10);
    if (Date.now() > end) throw new Error(`${told.size} owners were told, not ${count}`);
    const isIdle = told.size === last.size && Date.now() - last.at > IDLE_SECONDS * 1000;
    if (isIdle) await idle();
    if (isIdle || told.size > last.size) last = { size: told.size, at: Date.now() };
  }
}

function sum(summaries: readonly SweepSummary[], of: "due" | "calls" | "seconds"): number {
  return summaries.reduce((all, summary) => all + summary[of], 0);
}

const AT_ONCE = 50;

/** Looks at every pipeline. */
async function judge(backend: StorageBackend, owners: Owners, { expired, healthy }: OverlapSize) {
  const wrong = await inGroups(expired, (n) => interruptedOnce(backend, owners, n));
  const touched = await inGroups(healthy, (n) => isUntouched(backend, owners, n));
  const once = expired - wrong.length;
  const untouched = healthy - touched.length;
  return { once, untouched, problems: [...wrong.slice(0, 5), ...touched.slice(0, 5)] };
}

/** What is wrong with pipelines 0 to `count - 1`, for those with which something is. */
async function inGroups(count: number, look: (n: number) => Promise<string | null>): Promise<string[]> {
  const found: string[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    const group = await Promise.all(Array.from({ length: size }, (_, i) => look(from + i)));
    found.push(...group.filter((problem) => problem !== null));
  }
  return found;
}

async function interruptedOnce(backend: StorageBackend, owners: Owners, n: number): Promise<string | null> {
  const key = keyOf("expired", n);
  const { head } = (await backend.load(key))!;
  const events = await backend.events(key, { limit: 100 });
  const seen = {
    status: head.status,
    fence: head.fence,
    version: head.version,
    events: events.data.filter(({ type }) => type === "interrupted").length,
    messages: owners.told.get(key.pipelineId)?.size ?? 0,
  };
  const wanted = { status: "interrupted", fence: FIRST_FENCE + 1, version: 1, events: 1, messages: 1 };
  return difference(key.pipelineId, seen, wanted);
}

async function isUntouched(backend: StorageBackend, owners: Owners, n: number): Promise<string | null> {
  const key = keyOf("healthy", n);
  const { head } = (await backend.load(key))!;
  const { status, fence, revision, lease } = head;
  const seen = { status, fence, revision, owner: lease?.owner, told: owners.told.has(key.pipelineId) };
  const wanted = { status: "running", fence: FIRST_FENCE, revision: 1, owner: "holder", told: false };
  return difference(key.pipelineId, seen, wanted);
}

function difference(name: string, seen: object, wanted: object): string | null {
  const [is, shall] = [JSON.stringify(seen), JSON.stringify(wanted)];
  return is === shall ? null : `${name} is ${is}, and should be ${shall}`;
}

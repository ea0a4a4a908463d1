import { setTimeout as sleep } from "node:timers/promises";
import { type SweepSummary, sweep } from "../../src/recovery/sweep/sweep.ts";
import { createCore } from "../../src/state/core.ts";
import { fill } from "./fill.ts";
import { type Listed, openStore } from "./spec.ts";
import type { Store } from "./stores.ts";

/** What one sweep took that interrupted `DUE` pipelines. */
export interface Few {
  /** Pipelines that there were, those due among them. */
  among: number;
  calls: number;
  /** What the server did for it, in the store's unit. */
  work: number;
  /** Records or markers read to list them. */
  read: number;
  seconds: number;
}

/** Due at each sweep. */
export const DUE = 100;
const WARM = 10;
const [TTL, DAY] = [1, 86_400];

/** The same pipelines due among ever more that are not. @param amounts rising, each of more than `DUE` */
export async function fewAmong(store: Store, amounts: readonly number[]): Promise<Few[]> {
  const found: Few[] = [];
  await expire(store, "warm", WARM);
  await sweepOnce(store);
  let made = WARM;
  for (const among of amounts) {
    await surround(store, made, among - DUE);
    await expire(store, `due-of-${among}`, DUE);
    made = among;
    found.push({ among, ...(await measure(store)) });
  }
  return found;
}

async function surround(store: Store, from: number, to: number): Promise<void> {
  if (store.multiply) return store.multiply(from, to);
  await fill(store, { prefix: `others-${from}`, count: to - from, ttlSeconds: DAY });
}

async function expire(store: Store, prefix: string, count: number): Promise<void> {
  await fill(store, { prefix, count, ttlSeconds: TTL });
  await sleep((TTL + store.backend.capabilities.clockSlackSeconds) * 1000 + 100);
}

async function measure(store: Store): Promise<Omit<Few, "among">> {
  const [work, read] = [await settled(store), await store.read()];
  let markers = 0;
  const { interrupted, calls, seconds } = await sweepOnce(store, (due, toCome) => {
    markers += due.length + toCome;
  });
  if (interrupted !== DUE) throw new Error(`${interrupted} were interrupted, not ${DUE}`);
  const workAfter = await settled(store);
  const readAfter = await store.read();
  return { calls, seconds, work: workAfter - work, read: readAfter === null ? markers : readAfter - read! };
}

/** By a process of its own, as it were: when it has left, Postgres knows what it did. */
async function sweepOnce({ spec }: Store, listed?: Listed): Promise<SweepSummary> {
  const backend = await openStore(spec, listed);
  const summary = await sweep(createCore({ backend }));
  await backend.close();
  return summary;
}

/** Once all that was done is counted. */
async function settled({ work }: Store): Promise<number> {
  await sleep(1500);
  return work();
}

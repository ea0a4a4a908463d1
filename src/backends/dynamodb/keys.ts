import type { PipelineKey } from "../../model/ids.ts";
import { spread } from "../spread.ts";
import type { SumsKey } from "../types.ts";

/** The key of an item. */
export interface ItemKey {
  pk: string;
  sk: string;
}

/** Ids hold no `/`: what stands before it is the tenant. */
export const partition = ({ tenant, pipelineId }: PipelineKey) => `${tenant}/${pipelineId}`;

export function pipelineOf(pk: string): PipelineKey {
  const slash = pk.indexOf("/");
  return { tenant: pk.slice(0, slash), pipelineId: pk.slice(slash + 1) };
}

export const HEAD = "head";
export const CHECKPOINTS = "c/";
export const EVENTS = "e/";
/** Rows of frames, and objects of frames; with a chain behind it: all that there is of it. */
export const FRAMES = "f/";
export const OBJECTS = "o/";
/** After all that begins with `x/`: `0` is the next letter after `/`. */
export const after = (prefix: string) => `${prefix.slice(0, -1)}0`;

/** A partition of its own for each: no pipeline's holds two `/`. */
export const sumsKey = ({ tenant, scope }: SumsKey): ItemKey => ({
  pk: `${tenant}/sums/${scope}`,
  sk: "sums",
});
export const headKey = (key: PipelineKey): ItemKey => ({ pk: partition(key), sk: HEAD });
export const checkpointSk = (sequence: number) => CHECKPOINTS + padded(sequence, 15);
export const frameSk = (frameId: string) => FRAMES + frameId;
/** The chain of a name that is `FRAMES` or `OBJECTS` with a chain behind it. */
export const chainNamed = (name: string) => name.slice(FRAMES.length);

const GATHERED = ".+";
/** No frame's name has a `+` there, and it is before `.p`, which parts that were staged begin with. */
export const gatheredAt = (chain: string, revision: number) =>
  `${FRAMES}${chain}${GATHERED}${padded(revision, 13)}-`;
export const isGathered = (sk: string) => sk.includes(GATHERED);

/** Events `first` to `last`, by their ids: rows of different extent never share a key. */
export const eventsSk = (first: string, last: string) => `${EVENTS}${eventOrder(first)}-${eventOrder(last)}`;

/** Sorts as the events were recorded: an id is `revision-index`. */
export function eventOrder(eventId: string): string {
  const [revision, index] = eventId.split("-").map(Number);
  return padded(revision ?? 0, 13) + padded(index ?? 0, 5);
}

/** `null` for what is no checkpoint's key. */
export function sequenceOf(sk: string): number | null {
  return sk.startsWith(CHECKPOINTS) ? Number(sk.slice(CHECKPOINTS.length)) : null;
}

/** The revision of the last event of a row; `null` for what is no events' key. */
export function revisionOf(sk: string): number | null {
  return sk.startsWith(EVENTS) ? Number(sk.slice(-18, -5)) : null;
}

const BUCKETS = 8;

export const DUE_BUCKETS: readonly string[] = Array.from({ length: BUCKETS }, (_, i) => `due-${i}`);

/** Spreads the index of what is due over partitions. */
export const dueBucket = (key: PipelineKey): string => DUE_BUCKETS[spread(key, BUCKETS)]!;

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

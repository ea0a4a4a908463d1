import type { CheckpointRecord } from "../../model/checkpoint.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { decodeContainer, type Upgrades } from "./container.ts";
import { headKey, segmentKey } from "./keys.ts";
import type { Run } from "./runs.ts";
import type { ObjectStore } from "./store.ts";

/** Names an immutable object that holds older checkpoints and events, and small frames. */
export interface SegmentRef {
  name: string;
  /** How many of them it holds. */
  checkpoints: number;
  events: number;
  /** The chains it holds frames of, as far as anything names them still. */
  chains: string[];
  /** Of its checkpoints; segments of earlier releases have none. */
  runs?: Run[];
}

/** What a head object holds beside its frames. */
export interface HeadRecord {
  head: Head;
  /** The newest checkpoints and events, oldest first. */
  checkpoints: CheckpointRecord[];
  events: PipelineEvent[];
  /** Oldest first. */
  segments: SegmentRef[];
  /** The chains of which there are frames that are objects of their own. */
  objects: string[];
  /** Objects, and prefixes of objects, that nothing names any more: still to be deleted. */
  garbage: string[];
  /** Names of collected frames that a commit held up since might still bring, see `barred.ts`. */
  barred: string[];
}

export interface SegmentRecord {
  tenant: string;
  pipelineId: string;
  checkpoints: CheckpointRecord[];
  events: PipelineEvent[];
}

/** A head as it was read; `etag` null: there is none yet. */
export interface Opened {
  etag: string | null;
  record: HeadRecord | null;
  frames: Map<string, Uint8Array>;
}

export interface Segment extends SegmentRecord {
  name: string;
  frames: Map<string, Uint8Array>;
}

export async function readHead(store: ObjectStore, key: PipelineKey, upgrades: Upgrades): Promise<Opened> {
  const object = await store.get(headKey(key));
  if (!object) return { etag: null, record: null, frames: new Map() };
  const { record, frames } = await decodeContainer<HeadRecord>(object.bytes, upgrades);
  belongs(record.head, key);
  return { etag: object.etag, record, frames };
}

/**
 * `null` when the store has none, or a damaged one: it may be gone because the head has moved on, which the caller
 * finds out, or it is lost.
 */
export async function readSegment(
  store: ObjectStore,
  key: PipelineKey,
  name: string,
  upgrades: Upgrades,
): Promise<Segment | null> {
  const object = await store.get(segmentKey(key, name));
  if (!object) return null;
  try {
    const { record, frames } = await decodeContainer<SegmentRecord>(object.bytes, upgrades);
    belongs(record, key);
    return { ...record, name, frames };
  } catch (error) {
    if (error instanceof CairnError && error.code === "unrecoverable") return null;
    throw error;
  }
}

/** Objects swapped between pipelines or tenants are damage, not data. */
function belongs(record: { tenant: string; pipelineId: string }, key: PipelineKey): void {
  if (record.tenant === key.tenant && record.pipelineId === key.pipelineId) return;
  throw new CairnError("unrecoverable", "A stored record of the pipeline is damaged: it belongs to another.");
}

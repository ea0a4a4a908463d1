import { chainOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import { type Head, statesOf } from "../../model/head.ts";
import { chainNamed } from "./keys.ts";
import type { Ranges } from "./ranges.ts";

/** What has changed of a checkpoint since it was made. */
export type Mark = Pick<CheckpointRecord, "verified" | "quarantinedAt">;

/**
 * What the head item holds beside its frames. Everything that ever was in a head is a fact; rows hold facts
 * only, written when a later commit moves them out of the head. So a row is never wrong, whoever wrote it and
 * however late: the head alone says what still counts.
 */
export interface HeadRecord {
  head: Head;
  /** Checkpoints that have no row yet, as they were made, oldest first. */
  recent: CheckpointRecord[];
  /** The sequences of all checkpoints that are there. */
  live: Ranges;
  /** By sequence. */
  marks: Readonly<Record<number, Mark>>;
  /** Events that have no row yet, oldest first. */
  events: PipelineEvent[];
  /** Events up to this revision are those of a pipeline that was deleted since. */
  bornAfter: number;
  /** Where the chains of the state and the older versions have, or may have, frames beside the head: as `garbage`. */
  outside: string[];
  /**
   * What nothing names any more, still to be deleted and not to be read: sort keys of checkpoints, and of chains that
   * have frames in rows `f/` with the chain, of those that have objects `o/` with it.
   */
  garbage: string[];
  /** Names of collected frames that a commit held up since might still bring, see `object/barred.ts`. */
  barred: string[];
}

/** A head as it was read; `revision` null: there is none yet. */
export interface Opened {
  revision: number | null;
  record: HeadRecord | null;
  /** Small frames of chains that something names: the newest, and others while there is room. */
  frames: Map<string, Uint8Array>;
}

export const NOTHING: Opened = { revision: null, record: null, frames: new Map() };

export function firstRecord(head: Head): HeadRecord {
  return {
    head,
    recent: [],
    live: [],
    marks: {},
    events: [],
    bornAfter: 0,
    outside: [],
    garbage: [],
    barred: [],
  };
}

/** Checkpoints as they are now. */
export function marked({ marks }: HeadRecord, made: readonly CheckpointRecord[]): CheckpointRecord[] {
  return made.map((record) => ({ ...record, ...marks[record.sequence] }));
}

/** With more places where chains may have frames; those of chains that no version in the head is of are not kept. */
export function withOutside(record: HeadRecord, names: readonly string[]): HeadRecord {
  const held = new Set(statesOf(record.head).map(({ frame }) => chainOf(frame)));
  const all = new Set([...record.outside, ...names]);
  return { ...record, outside: [...all].filter((name) => held.has(chainNamed(name))) };
}

import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
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
  /** Of the frames in the head, those that a row has as well. */
  copied: string[];
  /** Of the frames in the head, those that a row may have: written by one who then lost, of a checkpoint gone since. */
  strays: string[];
  /** What nothing names any more, still to be deleted: sort keys of rows, and `o/` with a large frame's id. */
  garbage: string[];
}

/** A head as it was read; `revision` null: there is none yet. */
export interface Opened {
  revision: number | null;
  record: HeadRecord | null;
  /** The small frames of state, older versions and recent checkpoints. */
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
    copied: [],
    strays: [],
    garbage: [],
  };
}

/** Checkpoints as they are now. */
export function marked({ marks }: HeadRecord, made: readonly CheckpointRecord[]): CheckpointRecord[] {
  return made.map((record) => ({ ...record, ...marks[record.sequence] }));
}

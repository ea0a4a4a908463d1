import type { Commit } from "../../src/backends/types.ts";
import type { Head, WriteResult } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import type { Attempt } from "./world.ts";

/** A commit that the store has applied. */
export interface Landed {
  /** The store call that applied it. */
  call: number;
  /** Its place among the pipeline's commits. */
  place: number;
  life: number;
  /** The request that sent it. */
  by: Attempt | null;
  commit: Commit;
  result: WriteResult;
}

export interface StoredContent {
  contentType: string;
  bytes: Uint8Array;
  /** The version it is of. */
  version: number;
}

export interface Interruption {
  fence: number;
  /** As its message says, RFC 3339; null: nobody is to be told. */
  at: string | null;
  /** The ids of the messages about it. */
  messages: Set<string>;
}

/** All that has happened to one pipeline, as seen from outside the store. */
export interface Line {
  key: PipelineKey;
  head: Head | null;
  /** Counts deletions. */
  life: number;
  commits: number;
  landed: Map<string, Landed>;
  versions: Map<number, StoredContent>;
  checkpoints: Map<string, StoredContent & { state: boolean }>;
  interruptions: Interruption[];
  /** Heads by the time they were written, for lists that lag behind. */
  past: { at: number; head: Head }[];
  /** Which of its frames the medium has damaged. */
  damaged: Set<string>;
  /** A later release has written to it. */
  later: boolean;
  /** To whom a fence was told. */
  grants: Map<number, string>;
}

export function newLine(key: PipelineKey): Line {
  return {
    key,
    head: null,
    life: 0,
    commits: 0,
    landed: new Map(),
    versions: new Map(),
    checkpoints: new Map(),
    interruptions: [],
    past: [],
    damaged: new Set(),
    later: false,
    grants: new Map(),
  };
}

export function nameOf({ tenant, pipelineId }: PipelineKey): string {
  return `${tenant}/${pipelineId}`;
}

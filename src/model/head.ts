import type { Care } from "./care.ts";
import type { CheckpointRecord } from "./checkpoint.ts";
import type { FrameRef } from "./frame.ts";
import type { Labels, Policy, Recovery, Retention, Settings, Status } from "./pipeline.ts";

/** The format of the records this release writes (design invariant 11). */
export const FORMAT = 1;

/** How many commits a pipeline remembers for replays and for reading back unknown outcomes. */
export const WRITES_KEPT = 64;

/** How many versions before the current one stay readable as recovery points. */
export const VERSIONS_KEPT = 1;

/** One stored version of the state. */
export interface StateRecord {
  version: number;
  contentType: string;
  bytes: number;
  /** Of the content, hex. */
  sha256: string;
  savedAt: string;
  verified: boolean;
  frame: FrameRef;
  /** Set once a checkpoint names a frame of its chain: then the chain outlives the version. */
  checkpointed: boolean;
  /** The checkpoint it was restored from, and that one's version. */
  restoredFrom: { checkpointId: string | null; version: number } | null;
}

export interface Lease {
  owner: string;
  ttlSeconds: number;
  expiresAt: string;
}

/** One remembered commit: enough to answer a replay as the first time. */
export interface WriteRecord {
  writeId: string;
  /** Of the request's operation and body, hex. */
  digest: string;
  result: WriteResult;
}

/** Plain JSON that travels with a result. */
export type JsonNote = null | boolean | number | string | JsonNote[] | { [key: string]: JsonNote };

/** What a commit gave back, kept small: the rest of an answer follows from the request. */
export interface WriteResult {
  at: string;
  revision: number;
  version: number;
  fence: number;
  attempt: number;
  /** The pipeline, or its state, was not there before. */
  created: boolean;
  /** Of the state or the checkpoint's data that was written or snapshot. */
  content: ContentFacts | null;
  checkpoint: Pick<CheckpointRecord, "checkpointId" | "sequence" | "reason" | "verified"> | null;
  expiresAt: string | null;
  /** What else the first answer said (a decision, what a rollback chose): the verb knows its shape. */
  note: JsonNote;
}

export interface ContentFacts {
  contentType: string;
  bytes: number;
  storedBytes: number;
  sha256: string;
}

/** The one record that decides: every commit is a compare-and-set on it. */
export interface Head {
  tenant: string;
  pipelineId: string;
  /** Rises with every change of the head; what drivers compare. */
  revision: number;
  /** Rises with every change of the state; 0 before the first. */
  version: number;
  /** Rises with every grant of the lease, for ever. */
  fence: number;
  /** A tombstone keeps fence, version and revision. */
  deleted: boolean;
  status: Status;
  /** How often it was resumed. */
  attempt: number;
  createdAt: string;
  updatedAt: string;
  kind: string;
  labels: Labels;
  policy: Policy;
  retention: Retention;
  recovery: Recovery;
  tasks: NonNullable<Settings["tasks"]>;
  merge: NonNullable<Settings["merge"]>;
  lease: Lease | null;
  /** When the sweep is to look at it, whatever else it waits for; null: it need not. */
  lookAt: string | null;
  care: Care;
  state: StateRecord | null;
  /** Older versions that can still be read, newest first. */
  history: StateRecord[];
  /** Checkpoints kept, and the sequence of the last ever made. */
  checkpointCount: number;
  sequence: number;
  lastCheckpoint: CheckpointRecord | null;
  /** The last commits, oldest first. */
  writes: WriteRecord[];
}

/** All versions that the head keeps, newest first. */
export function statesOf({ state, history }: Pick<Head, "state" | "history">): StateRecord[] {
  return state ? [state, ...history] : [...history];
}

/** The frames that the head names itself. */
export function framesOf(head: Pick<Head, "state" | "history" | "lastCheckpoint">): FrameRef[] {
  const frames = statesOf(head).map(({ frame }) => frame);
  return head.lastCheckpoint ? [...frames, head.lastCheckpoint.frame] : frames;
}

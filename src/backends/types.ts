import type { Care } from "../model/care.ts";
import type { Link } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { EventDraft, PipelineEvent } from "../model/event.ts";
import type { Frame } from "../model/frame.ts";
import type { Head, JsonNote, StateRecord, WriteResult } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Settings, Status } from "../model/pipeline.ts";

/** What a store cannot do as well as others; callers ask here, never for a driver's name. */
export interface Capabilities {
  /** The largest frame one commit may carry, bytes. */
  maxFrameBytes: number;
  /** How long an expired lease is still honoured where the function's clock decides. */
  clockSlackSeconds: number;
  /** The least time between two commits of one pipeline. */
  minCommitSeconds: number;
}

/** Must hold for a commit to be applied, checked in the same atomic step. */
export interface Expectation {
  /** A missing pipeline is made (`allowed`), a deleted one as well (`anew`), or neither (`never`). */
  create: "never" | "allowed" | "anew";
  state?: "present" | "absent";
  /** The head's version: always given when the commit carries a frame, for the frame is sealed to it. */
  version?: number;
  revision?: number;
  /** The id of the state's frame: always given when the commit carries a delta upon it, or vouches for it. */
  base?: string;
  /** The fencing token of the caller; needed while a lease is live. */
  fence?: number;
  /** Needs no token, and takes the lease away by raising the fence. */
  force?: boolean;
}

export interface NewState {
  frame: Frame;
  contentType: string;
  /** Of the content, not of the frame. */
  bytes: number;
  sha256: string;
  verified: boolean;
  restoredFrom: StateRecord["restoredFrom"];
  /** More frames of its chain, which were staged before: the commit makes them stay. */
  staged?: readonly Link[];
}

/** A frame on its way to the store before its commit. */
export interface StagedFrame {
  frameId: string;
  bytes: Uint8Array;
}

export interface NewCheckpoint {
  checkpointId: string;
  label: string | null;
  metadata: CheckpointRecord["metadata"];
  reason: string | null;
  /** Data given with the call; else the state as it is after this commit. */
  data?: Omit<NewState, "restoredFrom" | "verified" | "staged">;
}

export type LeaseChange =
  | { take: { owner: string; ttlSeconds: number } }
  | { renew: { ttlSeconds?: number } }
  | { release: true };

/** All that one commit may change, together. */
export interface Effects {
  state?: NewState;
  /** The state it replaces is damaged: not kept as a recovery point. */
  dropReplaced?: boolean;
  checkpoint?: NewCheckpoint;
  /** The state was rebuilt, and is what its record says. */
  verified?: true;
  /** By checkpoint id: gone, found damaged, or found whole. */
  checkpoints?: ReadonlyMap<string, "drop" | "quarantine" | "verify">;
  lease?: LeaseChange;
  status?: Status;
  resumed?: true;
  /** Replaces what recovery remembers. */
  care?: Care;
  /** RFC 3339 with milliseconds, of the caller's clock. */
  lookAt?: string | null;
  settings?: Settings;
  remove?: true;
  events?: readonly EventDraft[];
  /** Kept with the result, for replays. */
  note?: JsonNote;
}

/** One atomic step on one pipeline. */
export interface Commit {
  key: PipelineKey;
  /** The idempotency key, or made by the server: finds the commit again when its outcome is unknown. */
  writeId: string;
  /** Of the request's operation and body, hex: one key, one request. */
  digest: string;
  expect: Expectation;
  effects: Effects;
}

export type Refusal =
  | "not_found"
  | "pipeline_deleted"
  | "checkpoint_not_found"
  | "no_state"
  | "state_exists"
  | "version_mismatch"
  | "revision_mismatch"
  | "base_mismatch"
  | "lease_held"
  | "fence_lost"
  | "invalid_transition"
  | "frames_missing"
  | "idempotency_mismatch";

export type CommitOutcome =
  | { ok: true; head: Head; result: WriteResult; replayed: boolean }
  | { ok: false; refusal: Refusal; head: Head | null };

/** A head with the stored bytes of its state's frames, as `frames` answers them; none where they are not asked for. */
export interface Loaded {
  head: Head;
  frames: (Uint8Array | null)[];
}

export interface PageRequest {
  limit: number;
  cursor?: string;
}

export interface Page<T> {
  data: T[];
  /** Opaque; null on the last page. */
  cursor: string | null;
}

export interface PipelineFilter {
  status?: Status;
  kind?: string;
  labels?: Readonly<Record<string, string>>;
  updatedBefore?: string;
}

/** A pipeline that the sweep is to look at, see `dueAt`, as the store's clock sees it. */
export interface Due {
  key: PipelineKey;
  head: Head;
}

/** Names a set of sums: what is learned of a kind, what is counted. What it may hold: `sums.ts`. */
export interface SumsKey {
  /** "": the operator's own. */
  tenant: string;
  /** `metrics`, `profile/nightly-etl`. */
  scope: string;
}

export interface Health {
  ready: boolean;
  problems: string[];
  /** What the store does not let us ask: not a problem, but not known to be right either. */
  unverified?: string[];
}

/**
 * A store behind Cairn. Each method is one atomic step in the store; callers never compose atomicity from
 * two calls. Rejections: `OutcomeUnknown` from `commit` when the write may have landed, else `CairnError`
 * (`backend_unavailable`, `unsupported_format`, `unrecoverable`).
 */
export interface StorageBackend {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The head, and with `frames` the chain of its state (`linksOf`). A tombstone is returned as it is. */
  load(key: PipelineKey, options?: { frames?: boolean }): Promise<Loaded | null>;
  /** Applies each commit by itself, in order; the answers are in the same order. */
  commit(commits: readonly Commit[]): Promise<CommitOutcome[]>;
  /** The stored bytes of frames, in order; `null` where the store has none. */
  frames(key: PipelineKey, links: readonly Link[]): Promise<(Uint8Array | null)[]>;
  /**
   * Stores frames ahead of the commit that names them (`NewState.staged`), also of a pipeline that is not there yet.
   * They stay for an hour at least, and then go unless a commit has named them. Staged twice, they are there once.
   */
  stage(key: PipelineKey, frames: readonly StagedFrame[]): Promise<void>;
  checkpoint(key: PipelineKey, checkpointId: string): Promise<CheckpointRecord | null>;
  /** `checkpoint` and the chain of its frames in one call, where a store has both at hand; else the caller asks twice. */
  loadCheckpoint?(
    key: PipelineKey,
    checkpointId: string,
  ): Promise<{ record: CheckpointRecord; frames: (Uint8Array | null)[] } | null>;
  /** Newest first. */
  checkpoints(key: PipelineKey, page: PageRequest & { label?: string }): Promise<Page<CheckpointRecord>>;
  /** By pipeline id. May answer fewer than `limit` with a cursor when a filter leaves much out. */
  pipelines(tenant: string, filter: PipelineFilter, page: PageRequest): Promise<Page<Head>>;
  /** Newest first. */
  events(key: PipelineKey, page: PageRequest): Promise<Page<PipelineEvent>>;
  /**
   * Pipelines of all tenants whose time has come (`dueAt`), at most `limit`. Each is claimed: it comes up again in a
   * minute, unless a commit settles it, so that overlapping sweeps seldom meet and nothing starves the rest.
   */
  due(limit: number): Promise<Due[]>;
  /**
   * Takes away what a pipeline has in the store and no record names, if it is older than that: what writers left
   * who lost, or died. The head's revision is raised before, so that a commit prepared earlier fails.
   *
   * @returns how many frames went
   */
  collect(key: PipelineKey, olderThanSeconds: number): Promise<number>;
  /**
   * Adds to named sums, which begin at 0, all or none. Additions commute, so any number of functions may add at once
   * and none is lost. Sent once: after `backend_unavailable` they may or may not have been added.
   */
  add(key: SumsKey, increments: Readonly<Record<string, number>>): Promise<void>;
  /** All that were ever added to, at 0 as well; {} where there are none. */
  sums(key: SumsKey): Promise<Record<string, number>>;
  /** Forgets them: they begin at 0 again. */
  clearSums(key: SumsKey): Promise<void>;
  health(): Promise<Health>;
  close(): Promise<void>;
}

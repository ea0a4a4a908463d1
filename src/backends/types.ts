import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { EventDraft, PipelineEvent } from "../model/event.ts";
import type { Frame, FrameRef } from "../model/frame.ts";
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
}

export interface NewCheckpoint {
  checkpointId: string;
  label: string | null;
  metadata: CheckpointRecord["metadata"];
  reason: string | null;
  /** Data given with the call; else the state as it is after this commit. */
  data?: Omit<NewState, "restoredFrom" | "verified">;
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
  /** By checkpoint id: gone, or found damaged. */
  checkpoints?: ReadonlyMap<string, "drop" | "quarantine">;
  lease?: LeaseChange;
  status?: Status;
  resumed?: true;
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
  /** SHA-256 of the request's operation and body, hex: one key, one request. */
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
  | "lease_held"
  | "fence_lost"
  | "invalid_transition"
  | "idempotency_mismatch";

export type CommitOutcome =
  | { ok: true; head: Head; result: WriteResult; replayed: boolean }
  | { ok: false; refusal: Refusal; head: Head | null };

/** A head with the stored bytes of its state's frame (`null`: the store has none). */
export interface Loaded {
  head: Head;
  frame: Uint8Array | null;
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

/** A pipeline whose lease has run out, as the store's clock sees it. */
export interface Due {
  key: PipelineKey;
  head: Head;
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
  /** The head, and with `frame` the bytes of its state. A tombstone is returned as it is. */
  load(key: PipelineKey, options?: { frame?: boolean }): Promise<Loaded | null>;
  /** Applies each commit by itself, in order; the answers are in the same order. */
  commit(commits: readonly Commit[]): Promise<CommitOutcome[]>;
  /** The stored bytes of frames, in order; `null` where the store has none. */
  frames(key: PipelineKey, refs: readonly FrameRef[]): Promise<(Uint8Array | null)[]>;
  checkpoint(key: PipelineKey, checkpointId: string): Promise<CheckpointRecord | null>;
  /** Newest first. */
  checkpoints(key: PipelineKey, page: PageRequest & { label?: string }): Promise<Page<CheckpointRecord>>;
  /** By pipeline id. May answer fewer than `limit` with a cursor when a filter leaves much out. */
  pipelines(tenant: string, filter: PipelineFilter, page: PageRequest): Promise<Page<Head>>;
  /** Newest first. */
  events(key: PipelineKey, page: PageRequest): Promise<Page<PipelineEvent>>;
  /** Running pipelines of all tenants whose lease ran out, at most `limit`; hints may be consumed. */
  due(limit: number): Promise<Due[]>;
  health(): Promise<Health>;
  close(): Promise<void>;
}

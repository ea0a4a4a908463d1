import type { Profile } from "../../checkpointing/profile.ts";
import type { Checkpoint, Decision } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Labels, Settings } from "../../model/pipeline.ts";
import type { PipelineView } from "../../model/pipeline-view.ts";
import type { Situation } from "../../model/task.ts";
import type { Recoverability } from "../../monitoring/recoverability.ts";
import type { ForkedFrom } from "../../recovery/fork.ts";
import type { Pruned } from "../../recovery/retention/prune.ts";
import type { Restored } from "../../recovery/rollback.ts";
import type { StateDiff } from "../../state/diff.ts";
import type { Resumed } from "../../state/resume.ts";
import { CairnValueError, nullWhenMissing } from "../errors.ts";
import type { Implementation } from "../later.ts";
import { asValue, type CheckedContent, checkedContent, type Valued } from "../load.ts";
import type { Memory } from "../memory.ts";
import {
  checkId,
  type LoadOptions,
  type PageOptions,
  type RegisterOptions,
  type WriteOptions,
} from "../options.ts";
import type { SaveResult } from "../save.ts";
import type { Turns } from "../turns.ts";
import { isPlainJson } from "../values/plain.ts";
import { read, type Target, write } from "./request.ts";

export interface LeaseOptions {
  /** Who holds the lease from then on. */
  owner: string;
  /** 1 to 86,400. @default 60 */
  ttlSeconds?: number | undefined;
  /** The same key gets the same lease. @default a new one for every call */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ResumeOptions extends LeaseOptions {
  /** Go on from this checkpoint instead of the newest recovery point. */
  checkpointId?: string | undefined;
}

export interface Lease {
  fence: number;
  owner: string;
  expiresAt: string;
}

/** The lease, and what to go on from: the state is then the current one, to be loaded. */
export interface ResumedPipeline extends Omit<Resumed, "point" | "replayed" | "kind"> {
  pipelineId: string;
  /** Where the state is, below the service's URL; null when there is none, or it has moved on since. */
  stateUrl: string | null;
  /** What was learned of the pipeline's kind. */
  profile: Profile;
}

export interface HeartbeatAnswer {
  expiresAt: string;
  decision: Decision;
  profile: Profile;
}

export interface ForceOptions extends WriteOptions {
  /** Takes away a live lease; needs the scope `admin`. */
  force?: boolean | undefined;
}

export interface RecoverOptions extends ForceOptions {
  /** @default the newest checkpoint of the state that verifies */
  checkpointId?: string | undefined;
  /** JSON Pointers: only these parts, into the state as it is. */
  select?: readonly string[] | undefined;
}

export interface RollbackOptions extends ForceOptions {
  /** Either this one, or so many steps back. */
  checkpointId?: string | undefined;
  /** @default 1 */
  steps?: number | undefined;
}

export interface RestoredPipeline extends Omit<Restored, "replayed"> {
  pipelineId: string;
}

export interface ForkOptions extends Omit<WriteOptions, "fence"> {
  /** @default the newest checkpoint of the state that verifies, else the state */
  checkpointId?: string | undefined;
}

export interface ForkedPipeline extends PipelineView {
  forkedFrom: ForkedFrom;
}

export interface CheckpointOptions extends WriteOptions {
  /** Checkpoint this JSON instead of the state; it is restored only when it is named. */
  data?: unknown;
  /** What it is found by. */
  label?: string | undefined;
  metadata?: Checkpoint["metadata"] | undefined;
  reason?: string | undefined;
}

export interface CleanupOptions extends ForceOptions {
  /** Keep at least this many, the newest. @default 100 */
  keepLast?: number | undefined;
  /** Delete only what is older. @default 0 */
  olderThanSeconds?: number | undefined;
}

/** One page of a list; `cursor` leads to the next. */
export interface Page<T> {
  data: T[];
  cursor: string | null;
  hasMore: boolean;
}

/** A checkpoint's content, as a value. */
export type LoadedCheckpoint<T = unknown> = Valued<T, CheckedContent>;

/** What a pipeline's calls of the service need to know of it. */
export interface PipelineTarget extends Target {
  id: string;
  memory: Memory;
  turns: Turns;
}

/** The calls that `Pipeline` loads when the first of them is made. */
export interface PipelineCalls {
  /** Registers it, or changes the settings given. */
  register(settings: Settings, options?: RegisterOptions): Promise<PipelineView>;
  /** What the service knows of it; null when there is none. */
  get(options?: LoadOptions): Promise<PipelineView | null>;
  /** Ends it, or changes its labels. */
  update(
    change: { status?: "completed" | "failed" | "cancelled"; labels?: Labels },
    options?: ForceOptions,
  ): Promise<PipelineView>;
  /** Ends it. */
  finish(status: "completed" | "failed" | "cancelled", options?: ForceOptions): Promise<PipelineView>;
  /**
   * Changes the JSON state: with an array as JSON Patch (RFC 6902), with an object as merge patch (RFC 7396), all or
   * nothing.
   */
  patch(patch: object, options?: WriteOptions & { ifMatch?: number | undefined }): Promise<SaveResult>;
  /** Parts of the JSON state, or of a checkpoint's, by their JSON Pointers. */
  loadParts(
    pointers: readonly string[],
    options?: LoadOptions & { checkpointId?: string | undefined },
  ): Promise<Record<string, unknown>>;

  /** Takes the right to write; `resume` does that and finds the state to go on from. */
  acquireLease(options: LeaseOptions): Promise<Lease>;
  /** Takes the lease; the newest version that verifies is the state from then on. */
  resume(options: ResumeOptions): Promise<ResumedPipeline>;
  /** The lease counts from now again. */
  heartbeat(options: WriteOptions & { ttlSeconds?: number | undefined }): Promise<HeartbeatAnswer>;
  /** Gives the lease back. */
  releaseLease(options: WriteOptions): Promise<void>;
  /** Whether a checkpoint is worth it now; nothing is saved. */
  evaluate(situation?: Situation, options?: LoadOptions): Promise<Decision>;

  /** An immutable snapshot of the state, or of `data`. */
  createCheckpoint(options?: CheckpointOptions): Promise<Checkpoint>;
  /** A page of checkpoints, newest first; `checkpoints` goes through all. */
  listCheckpoints(options?: PageOptions & { label?: string | undefined }): Promise<Page<Checkpoint>>;
  /** One checkpoint without its content; null when it is not there. */
  getCheckpoint(checkpointId: string, options?: LoadOptions): Promise<Checkpoint | null>;
  /** What a checkpoint holds; null when it is not there. Made of `data` it is no version. */
  loadCheckpoint<T = unknown>(
    checkpointId: string,
    options?: LoadOptions,
  ): Promise<LoadedCheckpoint<T> | null>;
  /** The same as the bytes that were saved. */
  loadCheckpointBytes(checkpointId: string, options?: LoadOptions): Promise<CheckedContent | null>;
  deleteCheckpoint(checkpointId: string, options?: WriteOptions): Promise<void>;
  /** Reads and hashes every frame that a checkpoint is made of. */
  verifyCheckpoint(
    checkpointId: string,
    options?: LoadOptions,
  ): Promise<{ valid: boolean; problems: string[] }>;
  /**
   * What makes the JSON of `to` out of that of the checkpoint `from`.
   *
   * @param to a checkpoint, or `current` for the state as it is
   */
  diffCheckpoints(from: string, to?: string, options?: LoadOptions): Promise<StateDiff>;

  /** Sets the state to the newest checkpoint that verifies, or to the one named, as a new version. */
  recover(options?: RecoverOptions): Promise<RestoredPipeline>;
  /** Sets the state to an earlier checkpoint, as a new version. */
  rollback(options?: RollbackOptions): Promise<RestoredPipeline>;
  /** Starts the pipeline `into` from a checkpoint of this one; from then on neither knows of the other. */
  fork(into: string, options?: ForkOptions): Promise<ForkedPipeline>;
  /** Lets old checkpoints go, as the pipeline's retention says; with `dryRun` only tells which. */
  prune(options?: LoadOptions & { dryRun?: boolean | undefined }): Promise<Pruned>;
  /** Deletes old checkpoints by two rules, instead of its retention. */
  cleanup(options?: CleanupOptions): Promise<{ deleted: number }>;
  /** A page of what happened to it, newest first; `events` goes through all. */
  listEvents(options?: PageOptions): Promise<Page<PipelineEvent>>;
  /** What a crash at this moment would cost. */
  recoverability(options?: LoadOptions): Promise<Recoverability>;
  /** The pipeline with all its checkpoints as one file (docs/export-format.md). Only one with its last line is whole. */
  export(options?: LoadOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

const LEARNED = { Prefer: "profile" };

export const pipelineCalls: Implementation<PipelineTarget, PipelineCalls> = {
  register: (on, settings, options) => write(on, "PUT", "", { ...settings, ...options }),
  get: (on, options) => nullWhenMissing(read(on, "", options)),
  update: (on, change, options) => write(on, "PATCH", "", { ...change, ...options }),
  finish: (on, status, options) => write(on, "PATCH", "", { status, ...options }),
  patch: (on, patch, { ifMatch, ...options } = {}) =>
    on.turns(on.id, () => {
      const type = Array.isArray(patch) ? "json" : "merge";
      const headers = {
        "Content-Type": `application/${type}-patch+json`,
        ...(ifMatch !== undefined && { "If-Match": `"${ifMatch}"` }),
      };
      return changeState(on, "PATCH", "/state", options, headers, patch);
    }),
  loadParts: (on, select, { checkpointId, ...options } = {}) =>
    read(on, checkpointId === undefined ? "/state" : stateOf(checkpointId), { ...options, select }),

  acquireLease: (on, options) => write(on, "POST", "/lease", held(options)),
  async resume(on, options) {
    type Answer = ResumedPipeline & { state: unknown };
    const { state: _state, ...resumed } = await write<Answer>(on, "POST", "/resume", held(options), LEARNED);
    return resumed;
  },
  heartbeat: (on, options) => write(on, "PUT", "/lease", options, LEARNED),
  releaseLease: (on, options) => write(on, "DELETE", "/lease", options),
  evaluate: (on, situation, options) => write(on, "POST", "/evaluate", { ...situation, ...options }),

  createCheckpoint(on, options = {}) {
    if (options.data !== undefined && !isPlainJson(options.data))
      throw new CairnValueError("unsupported_value", ["data"], "is not what JSON keeps");
    return write(on, "POST", "/checkpoints", options);
  },
  listCheckpoints: (on, options) => read(on, "/checkpoints", options),
  getCheckpoint: (on, id, options) => nullWhenMissing(read(on, checkpoint(id), options)),
  loadCheckpoint: async <T>(on: PipelineTarget, id: string, options?: LoadOptions) =>
    asValue<T, CheckedContent>(await pipelineCalls.loadCheckpointBytes(on, id, options)),
  loadCheckpointBytes: (on, id, { signal } = {}) =>
    nullWhenMissing(
      on.send({ method: "GET", path: on.path + stateOf(id), headers: {}, signal }).then(checkedContent),
    ),
  deleteCheckpoint: (on, id, options) => write(on, "DELETE", checkpoint(id), options),
  verifyCheckpoint: (on, id, options) => write(on, "POST", `${checkpoint(id)}/verify`, options),
  diffCheckpoints: (on, a, b = "current", options) =>
    read(on, `${checkpoint(a)}/diff/${checkId(b)}`, options),

  recover: (on, options) => changeState(on, "POST", "/recover", options),
  rollback: (on, options) => changeState(on, "POST", "/rollback", options),
  fork: (on, pipelineId, options) => write(on, "POST", "/fork", { pipelineId, ...options }),
  prune: (on, { dryRun, ...options } = {}) =>
    write(on, "POST", `/prune${dryRun ? "?dryRun=true" : ""}`, options),
  cleanup: (on, options) => write(on, "POST", "/cleanup", options),
  listEvents: (on, options) => read(on, "/events", options),
  recoverability: (on, options) => read(on, "/recoverability", options),
  async export({ path, send }, { signal } = {}) {
    const request = { method: "GET", path: `${path}/export`, headers: {}, signal, streamed: true } as const;
    return (await send(request)).stream!;
  },
};

/** For as long as a lease is by default. */
export function held({ ttlSeconds = 60, ...options }: LeaseOptions): LeaseOptions {
  return { ttlSeconds, ...options };
}

/** What is known of the state is old from then on. */
function changeState<T>(
  on: PipelineTarget,
  ...given: Parameters<typeof write> extends [unknown, ...infer Rest] ? Rest : never
): Promise<T> {
  on.memory.forget(on.id);
  return write(on, ...given);
}

function checkpoint(id: string): string {
  return `/checkpoints/${checkId(id)}`;
}

function stateOf(checkpointId: string): string {
  return `${checkpoint(checkpointId)}/state`;
}

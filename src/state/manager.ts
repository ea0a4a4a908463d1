import type { Page, PageRequest, PipelineFilter } from "../backends/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { CairnError, StateManagerError } from "../model/errors.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { PipelineKey } from "../model/ids.ts";
import { PipelineId } from "../model/names.ts";
import type { PipelineSummary } from "../model/pipeline-view.ts";
import type { Situation } from "../model/task.ts";
import { createCheckpoint, deleteCheckpoint, listCheckpoints } from "./checkpoints.ts";
import { type CleanupOptions, cleanup } from "./cleanup.ts";
import { type Caller, type Core, createCore } from "./core.ts";
import { parseOptions, type Settings, type StateManagerOptions } from "./options.ts";
import { deletePipeline, listEvents, listPipelines } from "./pipelines.ts";
import { readState } from "./read.ts";
import { type Resumed, resume } from "./resume.ts";
import { type Saved, saveState } from "./save.ts";
import { decodeValue, encodeValue, type StateValue } from "./values.ts";
import type { Precondition } from "./write.ts";

export interface SaveOptions extends Caller {
  /** Only over this version; `0`: only create. */
  ifVersion?: number;
  checkpoint?: "auto" | "always" | "never";
  situation?: Situation;
}

export type SaveResult = Saved["result"];

/** What `asyncOperations` answers: the save is on its way, `flush` tells how it went. */
export interface PendingSave {
  pipelineId: string;
  pending: true;
}

export interface LoadedState<T = unknown> {
  pipelineId: string;
  state: T;
  version: number;
  contentType: string;
  savedAt: string;
  sha256: string;
}

export interface ResumedPipeline<T = unknown> extends Omit<Resumed, "point" | "replayed"> {
  pipelineId: string;
  /** `null` when the pipeline has no state yet. */
  state: T | null;
}

/**
 * Durable state for pipelines, in this process: the same code as the service. Errors are `StateManagerError`
 * with the codes of the HTTP contract.
 *
 * @example
 * const manager = new StateManager({ backendType: "folder", backendConfig: { path: "state" } });
 * await manager.savePipelineState("nightly", { done: ["a"] });
 */
export class StateManager {
  readonly #settings: Settings;
  #core: Promise<Core> | null = null;
  readonly #pending = new Map<string, Promise<void>>();
  #failures: unknown[] = [];

  constructor(options: StateManagerOptions = {}) {
    this.#settings = parseOptions(options);
  }

  /** Saves a JSON value or bytes as the next version. */
  async savePipelineState(
    pipelineId: string,
    state: StateValue,
    options: SaveOptions = {},
  ): Promise<SaveResult | PendingSave> {
    const encoded = await this.#run("save", pipelineId, async () => this.#encode(state));
    const save = () =>
      this.#run("save", pipelineId, async (core, key) => {
        const saved = await saveState(core, key, { ...encoded, ...this.#saveInput(options) });
        return saved.result;
      });
    if (!this.#settings.asyncOperations) return save();
    this.#enqueue(pipelineId, save);
    return { pipelineId, pending: true };
  }

  /** The current state, checked against its digests; `null` when there is none. */
  async loadPipelineState<T = unknown>(pipelineId: string): Promise<LoadedState<T> | null> {
    await this.#pending.get(pipelineId);
    return this.#run("load", pipelineId, async (core, key) => {
      const { state, content } = await readState(core, key);
      const { version, contentType, savedAt, sha256 } = state;
      const value = decodeValue(content, contentType) as T;
      return { pipelineId, state: value, version, contentType, savedAt, sha256 };
    }).catch(nullWhenMissing);
  }

  /** An immutable snapshot of the state, or of `data`. */
  async createCheckpoint(
    pipelineId: string,
    options: Caller & {
      data?: StateValue;
      label?: string;
      metadata?: NonNullable<Checkpoint["metadata"]>;
      reason?: string;
    } = {},
  ): Promise<Checkpoint> {
    await this.#pending.get(pipelineId);
    return this.#run("checkpoint", pipelineId, async (core, key) => {
      const { data, fence, force, idempotencyKey, ...rest } = options;
      const caller = callerOf(options);
      const encoded = data === undefined ? {} : { data: this.#encode(data) };
      return (await createCheckpoint(core, key, { ...rest, ...encoded, caller })).checkpoint;
    });
  }

  /** Newest first. */
  listCheckpoints(
    pipelineId: string,
    page: Partial<PageRequest> & { label?: string } = {},
  ): Promise<Page<Checkpoint>> {
    return this.#run("listCheckpoints", pipelineId, (core, key) =>
      listCheckpoints(core, key, { limit: 50, ...page }),
    );
  }

  async deleteCheckpoint(pipelineId: string, checkpointId: string, caller: Caller = {}): Promise<void> {
    await this.#run("deleteCheckpoint", pipelineId, (core, key) =>
      deleteCheckpoint(core, key, checkpointId, caller),
    );
  }

  /** Takes the lease and returns the newest state that verifies. */
  async resumePipeline<T = unknown>(
    pipelineId: string,
    options: { owner: string; ttlSeconds?: number; checkpointId?: string },
  ): Promise<ResumedPipeline<T>> {
    await this.#pending.get(pipelineId);
    return this.#run("resume", pipelineId, async (core, key) => {
      const { point, replayed: _replayed, ...rest } = await resume(core, key, { ttlSeconds: 60, ...options });
      const state = point && (decodeValue(point.content, point.contentType) as T);
      return { pipelineId, ...rest, state };
    });
  }

  /** As `resumePipeline`, from a checkpoint that is named. */
  resumeFromCheckpoint<T = unknown>(
    pipelineId: string,
    checkpointId: string,
    options: { owner: string; ttlSeconds?: number },
  ): Promise<ResumedPipeline<T>> {
    return this.resumePipeline<T>(pipelineId, { ...options, checkpointId });
  }

  /** Deletes all of a pipeline but a tombstone. @throws StateManagerError `not_found`, `pipeline_deleted` */
  async deletePipeline(pipelineId: string, caller: Caller = {}): Promise<void> {
    await this.#pending.get(pipelineId);
    await this.#run("delete", pipelineId, (core, key) => deletePipeline(core, key, caller));
  }

  queryPipelines(
    filter: PipelineFilter = {},
    page: Partial<PageRequest> = {},
  ): Promise<Page<PipelineSummary>> {
    return this.#run("queryPipelines", null, (core) =>
      listPipelines(core, this.#settings.tenant, filter, { limit: 50, ...page }),
    );
  }

  /** What happened to a pipeline, newest first. */
  getPipelineHistory(pipelineId: string, page: Partial<PageRequest> = {}): Promise<Page<PipelineEvent>> {
    return this.#run("history", pipelineId, (core, key) => listEvents(core, key, { limit: 50, ...page }));
  }

  /** Deletes old checkpoints; never the newest of a state that verifies. Returns how many went. */
  cleanup(pipelineId: string, options: CleanupOptions): Promise<{ deleted: number }> {
    return this.#run("cleanup", pipelineId, (core, key) => cleanup(core, key, options));
  }

  /** Waits for all saves on their way. @throws StateManagerError of the first that failed; the others in `cause` */
  async flush(): Promise<void> {
    await Promise.all(this.#pending.values());
    const [first, ...others] = this.#failures;
    this.#failures = [];
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw asManagerError(first, new AggregateError([first, ...others], "saves failed"));
  }

  /** Flushes, and gives the store's connections back. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      if (this.#core) await (await this.#core).backend.close();
      this.#core = null;
    }
  }

  #open(): Promise<Core> {
    const { open, compressionEnabled: enabled, compressionLevel: level } = this.#settings;
    this.#core ??= open().then((backend) => createCore({ backend, compression: { enabled, level } }));
    return this.#core;
  }

  #encode(state: StateValue): { content: Uint8Array; contentType: string } {
    const encoded = encodeValue(state);
    const { maxFileSize } = this.#settings;
    if (encoded.content.length <= maxFileSize) return encoded;
    const detail = `${encoded.content.length} bytes; maxFileSize allows ${maxFileSize}.`;
    throw new CairnError("too_large", detail);
  }

  #saveInput(options: SaveOptions) {
    const { ifVersion, situation } = options;
    const { checkpointStrategy } = this.#settings;
    const checkpoint = options.checkpoint ?? (checkpointStrategy === "time" ? "auto" : checkpointStrategy);
    const precondition = ifVersion === undefined ? undefined : expectVersion(ifVersion);
    return {
      caller: callerOf(options),
      checkpoint,
      ...(precondition ? { precondition } : {}),
      ...(situation ? { situation } : {}),
    };
  }

  /** Saves of one pipeline keep their order; a failure waits for `flush` and does not stop the next. */
  #enqueue(pipelineId: string, save: () => Promise<unknown>): void {
    const before = this.#pending.get(pipelineId) ?? Promise.resolve();
    const mine: Promise<void> = before
      .then(save)
      .then(() => undefined)
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#pending.get(pipelineId) === mine && this.#pending.delete(pipelineId));
    this.#pending.set(pipelineId, mine);
  }

  async #run<T>(
    operation: string,
    pipelineId: string | null,
    verb: (core: Core, key: PipelineKey) => Promise<T>,
  ): Promise<T> {
    const started = performance.now();
    const record = (ok: boolean, code: string | null) => {
      const seconds = (performance.now() - started) / 1000;
      this.#settings.monitor?.record({ operation, pipelineId, seconds, ok, code });
    };
    try {
      if (pipelineId !== null && !PipelineId().safeParse(pipelineId).success) throw badId(pipelineId);
      const result = await verb(await this.#open(), {
        tenant: this.#settings.tenant,
        pipelineId: pipelineId ?? "",
      });
      record(true, null);
      return result;
    } catch (error) {
      record(false, error instanceof CairnError ? error.code : null);
      throw asManagerError(error);
    }
  }
}

function callerOf({ fence, force, idempotencyKey }: Caller): Caller {
  return {
    ...(fence === undefined ? {} : { fence }),
    ...(force === undefined ? {} : { force }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

function expectVersion(version: number): Precondition {
  return version === 0 ? "absent" : { versions: [version] };
}

function badId(pipelineId: string): CairnError {
  const rule = "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit, without '..'";
  return new CairnError("invalid_id", `${JSON.stringify(pipelineId)} is no pipeline id: ${rule}.`);
}

function asManagerError(error: unknown, cause: unknown = error): unknown {
  if (!(error instanceof CairnError)) return error;
  return new StateManagerError(error.code, error.message, { ...error.facts, cause });
}

function nullWhenMissing(error: unknown): null {
  if (error instanceof CairnError && error.code === "not_found") return null;
  throw error;
}

import type { Page, PageRequest, PipelineFilter } from "../backends/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { PipelineSummary } from "../model/pipeline-view.ts";
import { present } from "../model/present.ts";
import type { Situation } from "../model/task.ts";
import {
  CallerArgument,
  CheckpointPageArgument,
  CleanupArgument,
  checkCheckpointId,
  checked,
  checkedCheckpoint,
  checkedSave,
  checkPipelineId,
  FilterArgument,
  PageArgument,
  ResumeArgument,
} from "./arguments.ts";
import { createCheckpoint, deleteCheckpoint, listCheckpoints } from "./checkpoints.ts";
import { type CleanupOptions, cleanup } from "./cleanup.ts";
import { type Caller, type Core, createCore } from "./core.ts";
import { asManagerError, observed } from "./operation.ts";
import { parseOptions, type Settings, type StateManagerOptions } from "./options.ts";
import { deletePipeline, listEvents, listPipelines } from "./pipelines.ts";
import { readState } from "./read.ts";
import { type Resumed, type ResumeInput, resume } from "./resume.ts";
import { type Saved, saveState } from "./save.ts";
import { Underway } from "./underway.ts";
import { decodeValue, encodeValue, type StateValue } from "./values.ts";

export interface SaveOptions extends Caller {
  /** Only over this version; `0`: only create. */
  ifVersion?: number;
  checkpoint?: "auto" | "always" | "never";
  situation?: Situation;
}

export interface CheckpointOptions extends Caller {
  /** Checkpoint this instead of the state; it is restored only when it is named. */
  data?: StateValue;
  label?: string;
  metadata?: NonNullable<Checkpoint["metadata"]>;
  reason?: string;
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
  readonly #underway = new Underway();
  #core: Promise<Core> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: StateManagerOptions = {}) {
    this.#settings = parseOptions(options);
  }

  /**
   * Saves a JSON value or bytes as the next version: as they are at the call, whatever becomes of them after it.
   * With `asyncOperations` only what is wrong with the call itself is thrown here, the rest by `flush`.
   */
  async savePipelineState(
    pipelineId: string,
    state: StateValue,
    options: SaveOptions = {},
  ): Promise<SaveResult | PendingSave> {
    let accepted = false;
    const { checkpointStrategy: strategy } = this.#settings;
    const saved = this.#run("save", pipelineId, () => {
      const asked = checkedSave(options, strategy === "time" ? "auto" : strategy);
      const input = { ...this.#encode(state), ...asked };
      accepted = true;
      return async (core, key) => (await saveState(core, key, input)).result;
    });
    if (!accepted || !this.#settings.asyncOperations) return saved;
    this.#underway.addBackground(pipelineId, saved);
    return { pipelineId, pending: true };
  }

  /** The current state, checked against its digests; `null` when there is none. */
  loadPipelineState<T = unknown>(pipelineId: string): Promise<LoadedState<T> | null> {
    const loaded = this.#run("load", pipelineId, () => async (core, key) => {
      const { state, content } = await readState(core, key);
      const { version, contentType, savedAt, sha256 } = state;
      const value = decodeValue(content, contentType) as T;
      return { pipelineId, state: value, version, contentType, savedAt, sha256 };
    });
    return loaded.catch(nullWhenMissing);
  }

  /** An immutable snapshot of the state, or of `data`. */
  createCheckpoint(pipelineId: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
    return this.#run("checkpoint", pipelineId, () => {
      const { data, fence, force, idempotencyKey, ...rest } = checkedCheckpoint(options);
      const caller = present({ fence, force, idempotencyKey });
      const encoded = data === undefined ? {} : { data: this.#encode(data as StateValue) };
      const input = { ...rest, ...encoded, caller };
      return async (core, key) => (await createCheckpoint(core, key, input)).checkpoint;
    });
  }

  /** Newest first. */
  listCheckpoints(
    pipelineId: string,
    page: Partial<PageRequest> & { label?: string } = {},
  ): Promise<Page<Checkpoint>> {
    return this.#run("listCheckpoints", pipelineId, () => {
      const request = checked(CheckpointPageArgument, page);
      return (core, key) => listCheckpoints(core, key, request);
    });
  }

  async deleteCheckpoint(pipelineId: string, checkpointId: string, caller: Caller = {}): Promise<void> {
    await this.#run("deleteCheckpoint", pipelineId, () => {
      const [id, who] = [checkCheckpointId(checkpointId), checked(CallerArgument, caller)];
      return (core, key) => deleteCheckpoint(core, key, id, who);
    });
  }

  /** Takes the lease (for 60 seconds unless told otherwise) and returns the newest state that verifies. */
  resumePipeline<T = unknown>(
    pipelineId: string,
    options: { owner: string; ttlSeconds?: number; checkpointId?: string },
  ): Promise<ResumedPipeline<T>> {
    return this.#resume(pipelineId, () => checked(ResumeArgument, options));
  }

  /** As `resumePipeline`, from a checkpoint that is named. */
  resumeFromCheckpoint<T = unknown>(
    pipelineId: string,
    checkpointId: string,
    options: { owner: string; ttlSeconds?: number },
  ): Promise<ResumedPipeline<T>> {
    return this.#resume(pipelineId, () => ({
      ...checked(ResumeArgument, options),
      checkpointId: checkCheckpointId(checkpointId),
    }));
  }

  /** Deletes all of a pipeline but a tombstone. @throws StateManagerError `not_found`, `pipeline_deleted` */
  async deletePipeline(pipelineId: string, caller: Caller = {}): Promise<void> {
    await this.#run("delete", pipelineId, () => {
      const who = checked(CallerArgument, caller);
      return (core, key) => deletePipeline(core, key, who);
    });
  }

  queryPipelines(
    filter: PipelineFilter = {},
    page: Partial<PageRequest> = {},
  ): Promise<Page<PipelineSummary>> {
    return this.#perform("queryPipelines", null, () => {
      const [asked, request] = [checked(FilterArgument, filter), checked(PageArgument, page)];
      return (core) => listPipelines(core, this.#settings.tenant, asked, request);
    });
  }

  /** What happened to a pipeline, newest first. */
  getPipelineHistory(pipelineId: string, page: Partial<PageRequest> = {}): Promise<Page<PipelineEvent>> {
    return this.#run("history", pipelineId, () => {
      const request = checked(PageArgument, page);
      return (core, key) => listEvents(core, key, request);
    });
  }

  /** Deletes old checkpoints; never the newest of a state that verifies. Returns how many went. */
  cleanup(pipelineId: string, options: CleanupOptions = {}): Promise<{ deleted: number }> {
    return this.#run("cleanup", pipelineId, () => {
      const input = checked(CleanupArgument, options);
      return (core, key) => cleanup(core, key, input);
    });
  }

  /**
   * Waits for all that was called before. @throws StateManagerError of the first save in the background that
   * failed since the last flush; the others in `cause`
   */
  async flush(): Promise<void> {
    await this.#underway.ended();
    const [first, ...others] = this.#underway.takeFailures();
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw asManagerError(first, new AggregateError([first, ...others], "saves failed"));
  }

  /** Flushes, and gives the store's connections back. From its call on, nothing else is taken. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      const core = await this.#core?.catch(() => null);
      await core?.backend.close();
    }
  }

  #resume<T>(pipelineId: string, given: () => ResumeInput): Promise<ResumedPipeline<T>> {
    return this.#run("resume", pipelineId, () => {
      const input = given();
      return async (core, key) => {
        const { point, replayed: _replayed, ...rest } = await resume(core, key, input);
        const state = point && (decodeValue(point.content, point.contentType) as T);
        return { pipelineId, ...rest, state };
      };
    });
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

  /** An operation on one pipeline. `prepare` checks and copies what the caller gave, before the call returns. */
  #run<T>(
    operation: string,
    pipelineId: string,
    prepare: () => (core: Core, key: PipelineKey) => Promise<T>,
  ): Promise<T> {
    return this.#perform(operation, pipelineId, () => {
      const key = { tenant: this.#settings.tenant, pipelineId: checkPipelineId(pipelineId) };
      const verb = prepare();
      return (core) => verb(core, key);
    });
  }

  /** Async, so that its caller's promise is one of its own: a failure that nobody looks at stays unhandled. */
  async #perform<T>(
    operation: string,
    pipelineId: string | null,
    prepare: () => (core: Core) => Promise<T>,
  ): Promise<T> {
    const result = observed(this.#settings.monitor, { operation, pipelineId }, async () => {
      if (this.#closing) throw new CairnError("backend_unavailable", "The manager is closed.");
      const verb = prepare();
      await this.#underway.saved(pipelineId);
      return verb(await this.#open());
    });
    this.#underway.add(result);
    return result;
  }
}

function nullWhenMissing(error: unknown): null {
  if (error instanceof CairnError && error.code === "not_found") return null;
  throw error;
}

import type { Page, PageRequest, PipelineFilter } from "../backends/types.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { PipelineSummary } from "../model/pipeline-view.ts";
import { present } from "../model/present.ts";
import type { Situation } from "../model/task.ts";
import type { CleanupOptions } from "../recovery/retention/cleanup.ts";
import type { Taken } from "../verbs/verbs.ts";
import {
  CallerArgument,
  CheckpointPageArgument,
  CleanupArgument,
  checkCheckpointId,
  checkDiffTarget,
  checked,
  checkedCheckpoint,
  checkedSave,
  FilterArgument,
  PageArgument,
  ResumeArgument,
  SituationArgument,
} from "./arguments.ts";
import type { Caller } from "./core.ts";
import type { StateDiff } from "./diff.ts";
import { parseOptions, type StateManagerOptions } from "./options.ts";
import type { ResumeInput } from "./resume.ts";
import type { Saved } from "./save.ts";
import { Session, shareSession } from "./session.ts";
import { decodeValue, encodeValue, type StateValue } from "./values.ts";

export interface SaveOptions extends Caller {
  /** Only over this version; `0`: only create. */
  ifVersion?: number;
  /**
   * What becomes of a save over another version than `ifVersion`: it fails, or its JSON is merged with what others
   * have saved since (`merge_conflict` where the changes clash and the pipeline's `merge` policy settles nothing).
   * @default "fail"
   */
  onConflict?: "fail" | "merge";
  checkpoint?: "auto" | "always" | "never";
  /** Of that checkpoint. */
  label?: string;
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

export interface ResumedPipeline<T = unknown> extends Omit<Taken, "content"> {
  pipelineId: string;
  /** `null` when the pipeline has no state yet. */
  state: T | null;
}

/**
 * Durable state for pipelines, in this process over a store (the same code as the service) or, with `client`, by a
 * service. Errors are `StateManagerError` with the codes of the HTTP contract.
 *
 * @example
 * const manager = new StateManager({ backendType: "folder", backendConfig: { path: "state" } });
 * await manager.savePipelineState("nightly", { done: ["a"] });
 */
export class StateManager {
  readonly #session: Session;

  constructor(options: StateManagerOptions = {}) {
    this.#session = new Session(parseOptions(options));
    shareSession(this, this.#session);
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
    const { checkpointStrategy: strategy } = this.#session.settings;
    const saved = this.#session.run("save", pipelineId, () => {
      const decides = strategy !== "always" && strategy !== "never";
      const asked = checkedSave(options, decides ? "auto" : strategy);
      const policy = decides ? { policy: { strategy } } : {};
      const maxBytes = this.#session.settings.maxFileSize;
      const request = { ...this.#encode(state), ...asked, ...policy, maxBytes };
      accepted = true;
      return (verbs, id) => verbs.save(id, request);
    });
    if (!accepted || !this.#session.settings.asyncOperations) return saved;
    this.#session.underway.addBackground(pipelineId, saved);
    return { pipelineId, pending: true };
  }

  /** The current state, checked against its digests; `null` when there is none. */
  loadPipelineState<T = unknown>(pipelineId: string): Promise<LoadedState<T> | null> {
    const loaded = this.#session.run("load", pipelineId, () => async (verbs, id) => {
      const { content, version, contentType, savedAt, sha256 } = await verbs.load(id);
      const state = decodeValue(content, contentType) as T;
      return { pipelineId, state, version, contentType, savedAt, sha256 };
    });
    return loaded.catch(nullWhenMissing);
  }

  /** Whether a checkpoint is worth it now, by the pipeline's policy and what was learned; nothing is saved. */
  shouldCheckpoint(pipelineId: string, situation: Situation = {}): Promise<Decision> {
    return this.#session.run("shouldCheckpoint", pipelineId, () => {
      const told = checked(SituationArgument, situation);
      return (verbs, id) => verbs.evaluate(id, told);
    });
  }

  /** An immutable snapshot of the state, or of `data`. */
  createCheckpoint(pipelineId: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
    return this.#session.run("checkpoint", pipelineId, () => {
      const { data, fence, force, idempotencyKey, ...rest } = checkedCheckpoint(options);
      const caller = present({ fence, force, idempotencyKey });
      const encoded = data === undefined ? {} : { data: this.#encode(data as StateValue) };
      const input = { ...rest, ...encoded, caller };
      return (verbs, id) => verbs.createCheckpoint(id, input);
    });
  }

  /** Newest first. */
  listCheckpoints(
    pipelineId: string,
    page: Partial<PageRequest> & { label?: string } = {},
  ): Promise<Page<Checkpoint>> {
    return this.#session.run("listCheckpoints", pipelineId, () => {
      const request = checked(CheckpointPageArgument, page);
      return (verbs, id) => verbs.listCheckpoints(id, request);
    });
  }

  async deleteCheckpoint(pipelineId: string, checkpointId: string, caller: Caller = {}): Promise<void> {
    await this.#session.run("deleteCheckpoint", pipelineId, () => {
      const [one, who] = [checkCheckpointId(checkpointId), checked(CallerArgument, caller)];
      return (verbs, id) => verbs.deleteCheckpoint(id, one, who);
    });
  }

  /**
   * What makes the JSON of `to` out of that of the checkpoint `from`. As in what is loaded, numbers are doubles.
   *
   * @param to a checkpoint, or `current` for the state as it is
   */
  diffCheckpoints(pipelineId: string, from: string, to: string): Promise<StateDiff> {
    return this.#session.run("diff", pipelineId, () => {
      const [a, b] = [checkCheckpointId(from), checkDiffTarget(to)];
      return (verbs, id) => verbs.diffCheckpoints(id, a, b);
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
    await this.#session.run("delete", pipelineId, () => {
      const who = checked(CallerArgument, caller);
      return (verbs, id) => verbs.remove(id, who);
    });
  }

  queryPipelines(
    filter: PipelineFilter = {},
    page: Partial<PageRequest> = {},
  ): Promise<Page<PipelineSummary>> {
    return this.#session.perform("queryPipelines", null, () => {
      const [asked, request] = [checked(FilterArgument, filter), checked(PageArgument, page)];
      return (verbs) => verbs.listPipelines(asked, request);
    });
  }

  /** What happened to a pipeline, newest first. */
  getPipelineHistory(pipelineId: string, page: Partial<PageRequest> = {}): Promise<Page<PipelineEvent>> {
    return this.#session.run("history", pipelineId, () => {
      const request = checked(PageArgument, page);
      return (verbs, id) => verbs.listEvents(id, request);
    });
  }

  /**
   * Deletes old checkpoints. The newest of a state that verifies stays, and the newest such one that shares no frame
   * with it. Returns how many went.
   */
  cleanup(pipelineId: string, options: CleanupOptions = {}): Promise<{ deleted: number }> {
    return this.#session.run("cleanup", pipelineId, () => {
      const input = checked(CleanupArgument, options);
      return (verbs, id) => verbs.cleanup(id, input);
    });
  }

  /**
   * Waits for all that was called before. @throws StateManagerError of the first save in the background that
   * failed since the last flush; the others in `cause`
   */
  flush(): Promise<void> {
    return this.#session.flush();
  }

  /** Flushes, and gives the store's connections back. From its call on, nothing else is taken. */
  close(): Promise<void> {
    return this.#session.close();
  }

  #resume<T>(pipelineId: string, given: () => ResumeInput): Promise<ResumedPipeline<T>> {
    return this.#session.run("resume", pipelineId, () => {
      const input = given();
      return async (verbs, id) => {
        const { content, ...taken } = await verbs.resume(id, input);
        const state = content && (decodeValue(content, taken.contentType!) as T);
        return { pipelineId, ...taken, state };
      };
    });
  }

  #encode(state: StateValue): { content: Uint8Array; contentType: string } {
    const encoded = encodeValue(state);
    const { maxFileSize } = this.#session.settings;
    if (encoded.content.length <= maxFileSize) return encoded;
    const detail = `${encoded.content.length} bytes; maxFileSize allows ${maxFileSize}.`;
    throw new CairnError("too_large", detail);
  }
}

function nullWhenMissing(error: unknown): null {
  if (error instanceof CairnError && error.code === "not_found") return null;
  throw error;
}

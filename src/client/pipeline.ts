import type { Decision } from "../model/checkpoint.ts";
import type { Settings } from "../model/pipeline.ts";
import type { PipelineView } from "../model/pipeline-view.ts";
import type { Situation } from "../model/task.ts";
import * as calls from "./calls.ts";
import { CairnHttpError } from "./errors.ts";
import { type LoadedContent, loadContent } from "./load.ts";
import {
  type LoadOptions,
  type RegisterOptions,
  type SaveOptions,
  type WriteOptions,
  writeHeaders,
} from "./options.ts";
import { type SaveResult, type Shared, saveContent } from "./save.ts";
import type { Turns } from "./turns.ts";
import { BYTES_TYPE, type Content, decodeValue, encodeValue } from "./values.ts";

/** A version of the state, as a value. */
export interface Loaded<T = unknown> extends Omit<LoadedContent, "bytes"> {
  /** What was saved: a value for JSON types, the bytes for all others. */
  value: T;
}

export type LoadedBytes = LoadedContent;

export interface SaveBytesOptions extends SaveOptions {
  /** @default "application/octet-stream" */
  contentType?: string | undefined;
}

export interface DeleteOptions extends WriteOptions {
  /** Takes away a live lease; needs the scope `admin`. */
  force?: boolean | undefined;
}

/**
 * One pipeline of a service. Saves through one client go out in the order of the calls. Every method rejects
 * with CairnHttpError when the service refuses, with CairnClientError when it cannot be reached, and with the
 * reason of the signal when that is aborted.
 */
export class Pipeline {
  readonly id: string;
  readonly #shared: Shared;
  readonly #turns: Turns;

  /** Made by `Cairn.pipeline`. */
  constructor(id: string, shared: Shared, turns: Turns) {
    this.id = id;
    this.#shared = shared;
    this.#turns = turns;
  }

  /**
   * Saves a value as the next version, as it is at the call: whatever JSON keeps, and the values that
   * docs/values.md names. A `Uint8Array` is saved as bytes.
   *
   * @throws CairnValueError `unsupported_value` for what would not come back as it is
   */
  async save(value: unknown, options: SaveOptions = {}): Promise<SaveResult> {
    return this.#save(encodeValue(value), options);
  }

  /** Saves bytes of any type as the next version, as they are at the call. */
  async saveBytes(
    bytes: Uint8Array | ArrayBuffer,
    { contentType = BYTES_TYPE, ...options }: SaveBytesOptions = {},
  ): Promise<SaveResult> {
    const copy = new Uint8Array(bytes instanceof ArrayBuffer ? bytes.slice(0) : bytes);
    return this.#save({ bytes: copy, contentType }, options);
  }

  /**
   * The current state; null when there is none.
   *
   * @throws CairnValueError `bad_value` when its text is not what its type says
   */
  async load<T = unknown>(options: LoadOptions = {}): Promise<Loaded<T> | null> {
    const loaded = await this.loadBytes(options);
    if (!loaded) return null;
    const { bytes, ...facts } = loaded;
    return { ...facts, value: decodeValue({ bytes, contentType: facts.contentType }) as T };
  }

  /** The current state as the bytes that were saved; null when there is none. */
  async loadBytes(options: LoadOptions = {}): Promise<LoadedBytes | null> {
    const loaded = await loadContent(this.#shared, this.id, options);
    if (!loaded) return null;
    const { version, contentType, bytes } = loaded;
    // A copy: the caller may write into these bytes, and deltas are made against those.
    this.#shared.memory.keep(this.id, { version, contentType, bytes: bytes.slice() });
    return loaded;
  }

  /** Registers it, or changes the settings given. */
  register(settings: Settings, options: RegisterOptions = {}): Promise<PipelineView> {
    return calls.register(this.#shared.send, this.id, settings, options);
  }

  /** What the service knows of it; null when there is none. */
  async get({ signal }: LoadOptions = {}): Promise<PipelineView | null> {
    try {
      return await calls.get(this.#shared.send, this.id, signal);
    } catch (error) {
      if (error instanceof CairnHttpError && error.code === "not_found") return null;
      throw error;
    }
  }

  /** Takes the lease; the newest version that verifies is the state from then on. */
  resume(options: calls.ResumeOptions): Promise<calls.ResumedPipeline> {
    return calls.resume(this.#shared.send, this.id, options);
  }

  /** The lease counts from now again. */
  heartbeat(options: WriteOptions & { ttlSeconds?: number | undefined }): Promise<calls.HeartbeatAnswer> {
    return calls.heartbeat(this.#shared.send, this.id, options);
  }

  /** Ends it. */
  finish(status: "completed" | "failed" | "cancelled", options: WriteOptions = {}): Promise<void> {
    return calls.finish(this.#shared.send, this.id, status, options);
  }

  /** Whether a checkpoint is worth it now; nothing is saved. */
  evaluate(situation: Situation = {}, { signal }: LoadOptions = {}): Promise<Decision> {
    return calls.evaluate(this.#shared.send, this.id, situation, signal);
  }

  /** Deletes the pipeline with all its versions and checkpoints. Later writes are refused, as `pipeline_deleted`. */
  async delete({ force, ...options }: DeleteOptions = {}): Promise<void> {
    await this.#turns(this.id, async () => {
      const path = `/v1/pipelines/${this.id}${force ? "?force=true" : ""}`;
      const { signal } = options;
      await this.#shared.send({ method: "DELETE", path, headers: writeHeaders(options), signal });
      this.#shared.memory.forget(this.id);
    });
  }

  #save(content: Content, options: SaveOptions): Promise<SaveResult> {
    return this.#turns(this.id, () => saveContent(this.#shared, this.id, content, options));
  }
}

import type { Checkpoint } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { ForceOptions, PipelineCalls, PipelineTarget } from "./calls/pipeline.ts";
import { later } from "./later.ts";
import { asValue, type LoadedContent, loadContent, type Valued } from "./load.ts";
import { type LoadOptions, type SaveOptions, writeHeaders } from "./options.ts";
import { each, type ListOptions } from "./pages.ts";
import { type SaveResult, type Shared, saveContent } from "./save.ts";
import type { Turns } from "./turns.ts";
import { BYTES_TYPE, type Content, encodeValue } from "./values.ts";

/** A version of the state, as a value. */
export type Loaded<T = unknown> = Valued<T, LoadedContent>;

export type LoadedBytes = LoadedContent;

export interface SaveBytesOptions extends SaveOptions {
  /** @default "application/octet-stream" */
  contentType?: string | undefined;
}

const Calls = later<PipelineTarget, PipelineCalls>(
  "register get update finish patch loadParts acquireLease resume heartbeat releaseLease evaluate " +
    "createCheckpoint listCheckpoints getCheckpoint loadCheckpoint loadCheckpointBytes deleteCheckpoint " +
    "verifyCheckpoint diffCheckpoints recover rollback fork prune cleanup listEvents recoverability export",
  async () => (await import("./calls/index.ts")).pipelineCalls,
);

/**
 * One pipeline of a service. Saves through one client go out in the order of the calls. Every method rejects
 * with CairnHttpError when the service refuses, with CairnClientError when it cannot be reached, and with the
 * reason of the signal when that is aborted.
 */
export class Pipeline extends Calls {
  readonly id: string;
  readonly #shared: Shared;
  readonly #turns: Turns;

  /** Made by `Cairn.pipeline`. */
  constructor(id: string, shared: Shared, turns: Turns) {
    super({ id, turns, ...shared, path: `/v1/pipelines/${id}` });
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
    return asValue<T, LoadedContent>(await this.loadBytes(options));
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

  /** All checkpoints, newest first, page by page. */
  checkpoints(options: ListOptions & { label?: string | undefined } = {}): AsyncGenerator<Checkpoint, void> {
    return each((page) => this.listCheckpoints({ ...options, ...page }));
  }

  /** All that happened to it, newest first, page by page. */
  events(options: ListOptions = {}): AsyncGenerator<PipelineEvent, void> {
    return each((page) => this.listEvents({ ...options, ...page }));
  }

  /** Deletes the pipeline with all its versions and checkpoints. Later writes are refused, as `pipeline_deleted`. */
  async delete({ force, ...options }: ForceOptions = {}): Promise<void> {
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

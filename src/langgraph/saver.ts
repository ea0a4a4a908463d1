import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  getCheckpointId,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import { invalidArgument } from "../client/errors.ts";
import { Cairn, type CairnOptions } from "../client/index.ts";
import type { Retention } from "../model/pipeline.ts";
import { present } from "../model/present.ts";
import type { KeptCheckpoint, ThreadDocument } from "./document.ts";
import { historyOf, readAhead } from "./history.ts";
import { keepValue } from "./kept-value.ts";
import { type Place, pipelineIdOf } from "./place.ts";
import { listPipelines, listRecords, readCheckpoint, readRecord } from "./service.ts";
import { ThreadView } from "./thread-view.ts";
import { configOf, keepCheckpoint, loadTuple } from "./tuple.ts";

export interface CairnSaverOptions extends CairnOptions {
  /** Of the threads that it begins. A save is a checkpoint of Cairn: of each put, and of writes between puts. @default all */
  retention?: Retention | undefined;
  /** @default LangGraph's own */
  serde?: SerializerProtocol | undefined;
}

/** More than any thread has. */
const ALL: Retention = { keepLast: 1_000_000_000 };
/** How many places stay known that nobody's run has read. */
const SHARED_VIEWS = 64;
/** How many checkpoints are read at a time. */
const AT_ONCE = 8;

/**
 * Keeps the checkpoints of LangGraph in Cairn: a pipeline for each thread and checkpoint namespace, a version for each
 * put, with all of a checkpoint in it. A put is one round trip, and sends what changed.
 *
 * @example
 * const saver = new CairnSaver({ url: "https://cairn.example.com", apiKey: "…" });
 * const graph = builder.compile({ checkpointer: saver });
 * await graph.invoke(input, { configurable: { thread_id: "order-17" } });
 */
export class CairnSaver extends BaseCheckpointSaver {
  readonly #cairn: Cairn;
  readonly #retention: Retention;
  /** By what the calls of one run have in common, then by pipeline. */
  readonly #runs = new WeakMap<object, Map<string, ThreadView>>();
  /** The least recently used first. */
  readonly #shared = new Map<string, ThreadView>();

  /** @throws CairnClientError `invalid_argument` */
  constructor({ retention = ALL, serde, ...options }: CairnSaverOptions) {
    super(serde);
    this.#cairn = new Cairn(options);
    this.#retention = retention;
  }

  async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const place = placeOf(config);
    if (!place) return undefined;
    const view = await this.#viewFor(config, place, true);
    const latest = await view.read();
    const id = getCheckpointId(config) || latest?.tip;
    if (!latest || !id) return undefined;
    if (id !== latest.tip) view.name(id);
    const { pipeline } = view;
    const document = latest.at?.id === id ? latest : await readCheckpoint(this.#cairn, pipeline.id, id);
    return document?.at ? this.#tuple(pipeline.id, document, document.at) : undefined;
  }

  async *list(
    config: RunnableConfig,
    { limit = Number.POSITIVE_INFINITY, before, filter = {} }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const id = config.configurable?.checkpoint_id;
    const end = before?.configurable?.checkpoint_id;
    let left = limit;
    for await (const pipelineId of this.#pipelinesOf(config)) {
      const records = [...(await listRecords(this.#cairn, pipelineId))].filter(
        ([each]) => (!id || each === id) && (!end || each < end),
      );
      while (left > 0 && records.length > 0) {
        const some = records.splice(0, Math.min(left, AT_ONCE));
        const documents = some.map(([, record]) => readRecord(this.#cairn, pipelineId, record));
        for (const document of await Promise.all(documents)) {
          if (!document?.at || left <= 0) continue;
          const tuple = await this.#tuple(pipelineId, document, document.at);
          if (!fits(tuple.metadata, filter)) continue;
          left--;
          yield tuple;
        }
      }
    }
  }

  async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const place = requirePlace(config);
    const parent = getCheckpointId(config) || null;
    const put = await keepCheckpoint(this.serde, checkpoint, metadata, parent, newVersions);
    const view = await this.#viewFor(config, place);
    await view.change({ put, copies: metadata.source === "fork" });
    return configOf(place, checkpoint.id);
  }

  async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const place = requirePlace(config);
    const of = getCheckpointId(config);
    if (!of) throw invalidArgument("The config names no checkpoint_id to put the writes to.");
    const kept = writes.map(async ([channel, value], at) => {
      const index = WRITES_IDX_MAP[channel] ?? at;
      return { task: taskId, path: taskPath, index, channel, value: await keepValue(this.serde, value) };
    });
    const change = { of, writes: await Promise.all(kept) };
    const view = await this.#viewFor(config, place);
    await view.change(change);
  }

  /** Deletes all namespaces of the thread. */
  async deleteThread(threadId: string): Promise<void> {
    for await (const id of listPipelines(this.#cairn, { thread: threadId })) {
      this.#shared.delete(id);
      await this.#cairn.pipeline(id).delete();
    }
  }

  /** As of the base class, from documents that are read once and opened no further than is asked for. */
  override async getDeltaChannelHistory({
    config,
    channels,
  }: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const place = placeOf(config);
    if (!place || channels.length === 0) return {};
    const pipelineId = await pipelineIdOf(place);
    const records = await listRecords(this.#cairn, pipelineId);
    const read = readAhead([...records.keys()], async (id) => {
      const document = await readRecord(this.#cairn, pipelineId, records.get(id)!);
      return document?.at ?? null;
    });
    const [latest = null] = records.keys();
    const target = await read(getCheckpointId(config) || latest);
    return historyOf(this.serde, channels, target, read);
  }

  #tuple(pipelineId: string, document: ThreadDocument, at: KeptCheckpoint): Promise<CheckpointTuple> {
    const readParent = async () => {
      const parent = at.parent && (await readCheckpoint(this.#cairn, pipelineId, at.parent));
      return parent ? parent.at : null;
    };
    return loadTuple(this.serde, document, at, readParent, () => this.getNextVersion(undefined));
  }

  async *#pipelinesOf({ configurable }: RunnableConfig): AsyncGenerator<string> {
    const { thread_id: thread, checkpoint_ns: namespace } = configurable ?? {};
    if (thread && namespace !== undefined) yield pipelineIdOf({ thread, namespace });
    else yield* listPipelines(this.#cairn, { ...(thread && { thread }), ...present({ namespace }) });
  }

  /**
   * What the caller knows of a place. LangGraph hands on the `metadata` of a run, an object of its own, with all that
   * the run asks of its saver: by that, runs of one process are told from each other.
   */
  async #viewFor({ metadata: run }: RunnableConfig, place: Place, begins = false): Promise<ThreadView> {
    const id = await pipelineIdOf(place);
    const ofRun = run && (this.#runs.get(run) ?? new Map<string, ThreadView>());
    const known = ofRun?.get(id);
    if (known) return known;
    const isShared = !ofRun || !begins;
    const view =
      (isShared && this.#shared.get(id)) ||
      new ThreadView(place, this.#cairn.pipeline(id), {
        cairn: this.#cairn,
        retention: this.#retention,
        shared: isShared,
      });
    if (isShared) this.#share(id, view);
    else this.#runs.set(run!, ofRun.set(id, view));
    return view;
  }

  #share(id: string, view: ThreadView): void {
    this.#shared.delete(id);
    this.#shared.set(id, view);
    const [oldest] = this.#shared.keys();
    if (this.#shared.size > SHARED_VIEWS) this.#shared.delete(oldest!);
  }
}

/** Null without a thread. @throws CairnClientError `invalid_argument` */
function placeOf({ configurable }: RunnableConfig): Place | null {
  const { thread_id: thread, checkpoint_ns: namespace = "" } = configurable ?? {};
  if (thread === undefined) return null;
  if (typeof thread === "string" && thread !== "" && typeof namespace === "string")
    return { thread, namespace };
  throw invalidArgument("thread_id must be a string that is not empty, and checkpoint_ns a string.");
}

function requirePlace(config: RunnableConfig): Place {
  const place = placeOf(config);
  if (place) return place;
  throw invalidArgument('The config names no thread: pass { configurable: { thread_id: "…" } }.');
}

function fits(metadata: object | undefined, filter: Record<string, unknown>): boolean {
  const known = new Map(Object.entries(metadata ?? {}));
  return Object.entries(filter).every(
    ([name, value]) => JSON.stringify(known.get(name)) === JSON.stringify(value),
  );
}

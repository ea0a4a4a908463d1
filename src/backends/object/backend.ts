import type { FrameRef } from "../../model/frame.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { guard } from "../guard.ts";
import type { Loaded, StorageBackend } from "../types.ts";
import { commitBatch, unavailable } from "./committer.ts";
import type { Upgrades } from "./container.ts";
import { INLINE_BYTES } from "./draft.ts";
import { findDue } from "./due.ts";
import { headRecords } from "./head-records.ts";
import { frameKey } from "./keys.ts";
import { findCheckpoint, listCheckpoints, listEvents, listPipelines } from "./lists.ts";
import { commitQueue } from "./queue.ts";
import { type Opened, readHead, readSegment } from "./record.ts";
import type { ObjectStore } from "./store.ts";

export interface ObjectOptions {
  store: ObjectStore;
  /** For clocks that are not the store's: how long an expired lease is honoured. @default 2 */
  clockSlackSeconds?: number;
  /** Reads records of earlier formats, by the format they upgrade from. */
  upgrades?: Upgrades;
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

/**
 * Pipelines in an object store: one head object each, changed by conditional puts, carrying its small frames;
 * large frames, and segments of older checkpoints and events, are immutable objects that a head names.
 */
export function objectBackend(options: ObjectOptions): StorageBackend {
  const { store, clockSlackSeconds: slackSeconds = 2, upgrades = {} } = options;
  const clock = options.now ?? Date.now;
  const cache = headRecords(clock);
  const now = () => clock() + cache.skew();
  const shared = { store, upgrades, slackSeconds, now, cache };
  const queue = commitQueue(store.minWriteSeconds, (key, commits) => commitBatch(shared, key, commits));
  const open = (key: PipelineKey) => guard(unavailable, () => readHead(store, key, upgrades));

  return {
    name: "object",
    capabilities: {
      maxFrameBytes: 5 * 1024 ** 3,
      clockSlackSeconds: slackSeconds,
      minCommitSeconds: store.minWriteSeconds,
    },
    async load(key, { frame = false } = {}): Promise<Loaded | null> {
      const opened = await open(key);
      if (!opened.record) return null;
      const { head } = opened.record;
      if (!frame || !head.state) return { head, frame: null };
      return { head, frame: await guard(unavailable, () => frameBytes(opened, key, head.state!.frame)) };
    },
    commit: (commits) => guard(unavailable, () => Promise.all(commits.map(queue))),
    async frames(key, refs) {
      const opened = await open(key);
      return guard(unavailable, () => Promise.all(refs.map((ref) => frameBytes(opened, key, ref))));
    },
    checkpoint: (key, checkpointId) => guard(unavailable, () => findCheckpoint(shared, key, checkpointId)),
    checkpoints: (key, page) => guard(unavailable, () => listCheckpoints(shared, key, page)),
    pipelines: (tenant, filter, page) =>
      guard(unavailable, () => listPipelines(shared, tenant, filter, page)),
    events: (key, page) => guard(unavailable, () => listEvents(shared, key, page)),
    due: (limit) => guard(unavailable, () => findDue(shared, limit)),
    async health() {
      const problems = await store.check().catch(() => ["The object store does not answer."]);
      return { ready: problems.length === 0, problems };
    },
    close: async () => {},
  };

  async function frameBytes(opened: Opened, key: PipelineKey, ref: FrameRef): Promise<Uint8Array | null> {
    const inline = opened.frames.get(ref.frameId);
    if (inline) return inline;
    if (ref.storedBytes <= INLINE_BYTES) {
      for (const { name } of [...(opened.record?.segments ?? [])].reverse()) {
        const bytes = (await readSegment(store, key, name, upgrades))?.frames.get(ref.frameId);
        if (bytes) return bytes;
      }
    }
    return (await store.get(frameKey(key, ref.frameId)))?.bytes ?? null;
  }
}

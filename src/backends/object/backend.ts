import { type Link, linksOf } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { guard } from "../guard.ts";
import type { Loaded, StorageBackend } from "../types.ts";
import { collectFrames } from "./collect.ts";
import { commitBatch, putFrames, unavailable } from "./committer.ts";
import type { Upgrades } from "./container.ts";
import { findDue } from "./due.ts";
import { readFrames } from "./frames.ts";
import { headRecords } from "./head-records.ts";
import { findCheckpoint, listCheckpoints, listEvents, listPipelines } from "./lists.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { commitQueue } from "./queue.ts";
import { type Opened, readHead } from "./record.ts";
import type { ObjectStore } from "./store.ts";
import { sumsOver } from "./sums.ts";

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
 * large frames, and segments of older checkpoints, events and small frames, are immutable objects that a head names.
 */
export function objectBackend(options: ObjectOptions): StorageBackend {
  const { store, clockSlackSeconds: slackSeconds = 2, upgrades = {} } = options;
  const clock = options.now ?? Date.now;
  const cache = headRecords(clock);
  const now = () => clock() + cache.skew();
  const shared = { store, upgrades, slackSeconds, now, cache };
  const queue = commitQueue(store.minWriteSeconds, (key, commits) => commitBatch(shared, key, commits));
  const open = (key: PipelineKey) => guard(unavailable, () => readHead(store, key, upgrades));

  const framesOf = (key: PipelineKey, links: readonly Link[], opening: () => Promise<Opened>) =>
    guard(unavailable, () => readFrames(shared, key, links, opening));

  return {
    name: "object",
    capabilities: {
      maxFrameBytes: 5 * 1024 ** 3,
      clockSlackSeconds: slackSeconds,
      minCommitSeconds: store.minWriteSeconds,
    },
    async load(key, { frames = false } = {}): Promise<Loaded | null> {
      const opened = await open(key);
      if (!opened.record) return null;
      const { head } = opened.record;
      const links = frames && head.state ? linksOf(head.state.frame) : [];
      return { head, frames: await framesOf(key, links, async () => opened) };
    },
    commit: (commits) => guard(unavailable, () => Promise.all(commits.map(queue))),
    frames: (key, links) => framesOf(key, links, () => open(key)),
    stage: (key, frames) => guard(unavailable, () => putFrames(store, key, frames)),
    checkpoint: (key, checkpointId) => guard(unavailable, () => findCheckpoint(shared, key, checkpointId)),
    loadCheckpoint: (key, checkpointId) =>
      guard(unavailable, () => loadCheckpoint(shared, key, checkpointId)),
    checkpoints: (key, page) => guard(unavailable, () => listCheckpoints(shared, key, page)),
    pipelines: (tenant, filter, page) =>
      guard(unavailable, () => listPipelines(shared, tenant, filter, page)),
    events: (key, page) => guard(unavailable, () => listEvents(shared, key, page)),
    due: (limit) => guard(unavailable, () => findDue(shared, limit)),
    collect: (key, olderThanSeconds) =>
      guard(unavailable, () => collectFrames(shared, key, olderThanSeconds)),
    ...sumsOver(store, upgrades),
    async health() {
      const problems = await store.check().catch(() => ["The object store does not answer."]);
      return { ready: problems.length === 0, problems };
    },
    close: async () => {},
  };
}

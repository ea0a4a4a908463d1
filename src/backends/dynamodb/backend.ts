import { chainOf, type Link, linksOf } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { guard } from "../guard.ts";
import type { Upgrades } from "../object/container.ts";
import { headRecords } from "../object/head-records.ts";
import { commitQueue } from "../object/queue.ts";
import type { ObjectStore } from "../object/store.ts";
import type { Loaded, StorageBackend } from "../types.ts";
import { type DynamoLocation, dynamoSender } from "./client.ts";
import { collectLeft } from "./collect.ts";
import { commitInParts, readHead, type Store } from "./committer.ts";
import { findDue } from "./due.ts";
import { unavailable } from "./errors.ts";
import { LARGEST_ROW, stageFrames } from "./frames.ts";
import { deadChains } from "./garbage.ts";
import { checkHealth } from "./health.ts";
import { findCheckpoint, listCheckpoints, listEvents, listPipelines } from "./lists.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { bytesOf } from "./read-frames.ts";
import type { Opened } from "./record.ts";
import { sumsOver } from "./sums.ts";
import { openTable } from "./table.ts";

export interface DynamodbOptions extends DynamoLocation {
  /** Where frames go that the item does not carry; without it they are items too, of at most 380 KB. */
  s3?: ObjectStore;
  /**
   * How many bytes of frames the item carries, each at most a third: when there are more, the older ones move to a
   * row together. Every write bills the whole item. @default 8192
   */
  inlineBytes?: number;
  /** How long an expired lease is honoured, for clocks differ. @default 2 */
  clockSlackSeconds?: number;
  /** Reads records of earlier formats, by the format they upgrade from. */
  upgrades?: Upgrades;
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

const INLINE_BYTES = 8 * 1024;
/** What one put to S3 takes. */
const LARGEST_OBJECT = 5 * 1024 ** 3;
/** State, older version, last checkpoint, where none is a delta. */
const FRAMES_IN_HEAD = 3;

/**
 * Pipelines in a DynamoDB table (`tableDefinition`): one item each, changed by one conditional update, carrying
 * its newest small frames; older ones, checkpoints and events are items beside it, large frames objects in S3.
 */
export function dynamodbBackend(options: DynamodbOptions): StorageBackend {
  const { s3, inlineBytes = INLINE_BYTES, clockSlackSeconds: slackSeconds = 2, upgrades = {} } = options;
  const clock = options.now ?? Date.now;
  const cache = headRecords<Opened>(clock);
  const now = () => clock() + cache.skew();
  const table = openTable(dynamoSender(options));
  const share = Math.floor(inlineBytes / FRAMES_IN_HEAD);
  const store: Store = { table, s3, share, inlineBytes, slackSeconds, upgrades, now, cache };
  const queue = commitQueue(0, (key, commits) => commitInParts(store, key, commits));

  return {
    name: "dynamodb",
    capabilities: {
      maxFrameBytes: s3 ? LARGEST_OBJECT : LARGEST_ROW,
      clockSlackSeconds: slackSeconds,
      minCommitSeconds: 0,
    },
    load: (key, { frames = false } = {}) => guard(unavailable, () => load(store, key, frames)),
    commit: (commits) => guard(unavailable, () => Promise.all(commits.map(queue))),
    frames: (key, links) => guard(unavailable, () => framesOf(store, key, links)),
    stage: (key, frames) => guard(unavailable, () => stageFrames(store, key, frames, now())),
    checkpoint: (key, checkpointId) => guard(unavailable, () => findCheckpoint(store, key, checkpointId)),
    loadCheckpoint: (key, checkpointId) => guard(unavailable, () => loadCheckpoint(store, key, checkpointId)),
    checkpoints: (key, page) => guard(unavailable, () => listCheckpoints(store, key, page)),
    pipelines: (tenant, filter, page) => guard(unavailable, () => listPipelines(store, tenant, filter, page)),
    events: (key, page) => guard(unavailable, () => listEvents(store, key, page)),
    due: (limit) => guard(unavailable, () => findDue(store, limit)),
    collect: (key, olderThanSeconds) => guard(unavailable, () => collectLeft(store, key, olderThanSeconds)),
    ...sumsOver(table),
    health: () => checkHealth(store),
    close: () => table.close(),
  };
}

async function load(store: Store, key: PipelineKey, wanted: boolean): Promise<Loaded | null> {
  const { record, frames } = await readHead(store, key);
  if (!record) return null;
  const { head } = record;
  const links = wanted && head.state ? linksOf(head.state.frame) : [];
  return { head, frames: await bytesOf(store, key, frames, links) };
}

async function framesOf(
  store: Store,
  key: PipelineKey,
  links: readonly Link[],
): Promise<(Uint8Array | null)[]> {
  const { record, frames } = await readHead(store, key);
  if (!record || record.head.deleted) return links.map(() => null);
  const dead = deadChains(record.garbage);
  const living = links.filter((link) => !dead.has(chainOf(link)));
  const found = await bytesOf(store, key, frames, living);
  const byId = new Map(living.map(({ frameId }, i) => [frameId, found[i]!]));
  return links.map(({ frameId }) => byId.get(frameId) ?? null);
}

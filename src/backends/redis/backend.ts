import { type Link, linksOf } from "../../model/chain.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Loaded, StorageBackend } from "../types.ts";
import { commitAll } from "./committer.ts";
import { reading } from "./errors.ts";
import { decodeCheckpoint, decodeHead } from "./fields.ts";
import { readFrames, readRest } from "./frames.ts";
import { checkHealth } from "./health.ts";
import { frameName, redisKeys } from "./keys.ts";
import { claimDue, listCheckpoints, listEvents, listPipelines } from "./lists.ts";
import { checkpointScript, loadScript } from "./lua/reads.ts";
import { list, pairs, type Reply, ReplyError, text } from "./reply.ts";
import { call } from "./script.ts";
import { collectStaged, stageFrames } from "./staged.ts";
import { sumsOver } from "./sums.ts";
import type { Transport } from "./transport.ts";

export interface RedisSettings {
  /** What every key begins with. @default "cairn:" */
  prefix?: string;
  /**
   * The largest request that the server takes, as it goes over the wire; larger frames are staged in parts.
   * @default 1,000,000 over REST (Upstash's smallest plan), 32 MiB over TCP
   */
  maxRequestBytes?: number;
  /** @default 75,000,000 over REST (Upstash: 100 MB a record, in base64), 500,000,000 over TCP (Redis: 512 MB) */
  maxFrameBytes?: number;
  /** How long a part of a frame waits for the rest. @default 600 */
  stagedSeconds?: number;
  /** How long a pipeline listed as due is left to whoever listed it. @default 60 */
  claimSeconds?: number;
  /** For tests of what time does: milliseconds to add to the store's clock. */
  ahead?: () => number;
}

/** The least `maxRequestBytes`: a commit's script, what it says beside its frames, and a part. */
const LEAST_REQUEST = 40_000;

/**
 * Pipelines in Redis, over any transport: one primary, no Cluster, no modules.
 *
 * @throws CairnError `invalid_configuration`
 */
export function redisOver(transport: Transport, settings: RedisSettings = {}): StorageBackend {
  const rest = transport.packing === "base64";
  const keys = redisKeys(settings.prefix ?? "cairn:");
  const maxRequestBytes = settings.maxRequestBytes ?? (rest ? 1_000_000 : 32 * 1024 * 1024);
  if (!(maxRequestBytes >= LEAST_REQUEST))
    throw new CairnError("invalid_configuration", `maxRequestBytes must be at least ${LEAST_REQUEST}.`);
  const maxFrameBytes = settings.maxFrameBytes ?? (rest ? 75_000_000 : 500_000_000);
  const ahead = settings.ahead ?? (() => 0);
  // Answers come in base64 over REST, and beside a frame there is its head.
  const room = Math.floor(maxRequestBytes / 2);
  const stagedSeconds = settings.stagedSeconds ?? 600;
  const staging = { transport, keys, maxRequestBytes, maxFrameBytes, stagedSeconds, ahead };
  const lists = { transport, keys, room, claimSeconds: settings.claimSeconds ?? 60, ahead };

  async function load(key: PipelineKey, { frames = false } = {}): Promise<Loaded | null> {
    const names = keys.of(key);
    const args = [names.frame, frames ? String(room) : "0"];
    const answer = await call(transport, { script: loadScript, keys: [names.head, names.writes], args });
    if (answer === null) return null;
    const [flat, writes, starts] = list(answer);
    const head = decodeHead(key, pairs(flat), text(writes));
    const chain = frames && head.state ? namesOf(linksOf(head.state.frame)) : [];
    return { head, frames: await readRest(transport, names.frame, chain, list(starts), room) };
  }

  async function checkpoint(key: PipelineKey, checkpointId: string) {
    const [reply] = await transport.send([["HGET", keys.of(key).checkpoints, checkpointId]]);
    if (reply instanceof ReplyError) throw reply;
    return (reply as Reply) === null ? null : decodeCheckpoint(key, text(reply));
  }

  async function loadCheckpoint(key: PipelineKey, checkpointId: string) {
    const { checkpoints, frame } = keys.of(key);
    const args = [frame, String(room), checkpointId];
    const answer = await call(transport, { script: checkpointScript, keys: [checkpoints], args });
    if (answer === null) return null;
    const [line, starts] = list(answer);
    const record = decodeCheckpoint(key, text(line));
    const chain = namesOf(linksOf(record.frame));
    return { record, frames: await readRest(transport, frame, chain, list(starts), room) };
  }

  return {
    name: "redis",
    capabilities: { maxFrameBytes, clockSlackSeconds: 0, minCommitSeconds: 0 },
    load: (key, options) => reading(() => load(key, options)),
    commit: (commits) => commitAll(staging, commits),
    frames: (key, links) => reading(() => readFrames(transport, keys.of(key).frame, namesOf(links), room)),
    stage: (key, frames) => stageFrames(staging, key, frames),
    checkpoint: (key, checkpointId) => reading(() => checkpoint(key, checkpointId)),
    loadCheckpoint: (key, checkpointId) => reading(() => loadCheckpoint(key, checkpointId)),
    checkpoints: (key, page) => reading(() => listCheckpoints(lists, key, page)),
    pipelines: (tenant, filter, page) => reading(() => listPipelines(lists, tenant, filter, page)),
    events: (key, page) => reading(() => listEvents(lists, key, page)),
    due: (limit) => reading(() => claimDue(lists, limit)),
    collect: (key, seconds) => reading(() => collectStaged(staging, key, seconds)),
    ...sumsOver(transport, keys),
    health: () => checkHealth(transport, keys),
    close: () => transport.close(),
  };
}

function namesOf(links: readonly Link[]): string[] {
  return links.map(({ frameId }) => frameName(frameId));
}

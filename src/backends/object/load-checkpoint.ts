import { linksOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Upgrades } from "./container.ts";
import { readFrames } from "./frames.ts";
import { frameKey } from "./keys.ts";
import { findCheckpoint } from "./lists.ts";
import { type Opened, readHead, readSegment } from "./record.ts";
import { type Sources, sourcesOf } from "./runs.ts";
import type { ObjectStore } from "./store.ts";

interface Source {
  store: ObjectStore;
  upgrades: Upgrades;
}

interface LoadedCheckpoint {
  record: CheckpointRecord;
  frames: (Uint8Array | null)[];
}

type Frames = ReadonlyMap<string, Uint8Array>;

/**
 * A checkpoint and its chain: the head, then side by side all that it says belongs to one of that id. What that is
 * not, for the head can but guess, is looked for as by any reader.
 */
export async function loadCheckpoint(
  source: Source,
  key: PipelineKey,
  checkpointId: string,
): Promise<LoadedCheckpoint | null> {
  const open = () => readHead(source.store, key, source.upgrades);
  const opened = await open();
  if (!opened.record) return null;
  const has = (record: CheckpointRecord) => record.checkpointId === checkpointId;
  const own = opened.record.checkpoints.find(has);
  if (own) return withFrames(source, key, own, opened.frames, async () => opened);
  const sources = sourcesOf(opened.record.segments, checkpointId);
  const { checkpoints, frames } = await readSources(source, key, sources);
  const record = checkpoints.find(has) ?? (await findCheckpoint(source, key, checkpointId));
  return record && withFrames(source, key, record, new Map([...frames, ...opened.frames]), open);
}

async function readSources(
  { store, upgrades }: Source,
  key: PipelineKey,
  { segments, objects }: Sources,
): Promise<{ checkpoints: CheckpointRecord[]; frames: Frames }> {
  const [read, large] = await Promise.all([
    Promise.all(segments.map(({ name }) => readSegment(store, key, name, upgrades))),
    Promise.all(objects.map(async (id) => [id, (await store.get(frameKey(key, id)))?.bytes] as const)),
  ]);
  const whole = read.filter((segment) => segment !== null);
  const frames = new Map(whole.flatMap((segment) => [...segment.frames]));
  for (const [id, bytes] of large) if (bytes) frames.set(id, bytes);
  return { checkpoints: whole.flatMap(({ checkpoints }) => checkpoints), frames };
}

/** With the frames of its chain: those at hand, and the others read together. */
async function withFrames(
  source: Source,
  key: PipelineKey,
  record: CheckpointRecord,
  atHand: Frames,
  open: () => Promise<Opened>,
): Promise<LoadedCheckpoint> {
  const links = linksOf(record.frame);
  const others = links.filter(({ frameId }) => !atHand.has(frameId));
  const read = await readFrames(source, key, others, open);
  const found = new Map(others.map(({ frameId }, i) => [frameId, read[i]!]));
  return { record, frames: links.map(({ frameId }) => atHand.get(frameId) ?? found.get(frameId) ?? null) };
}

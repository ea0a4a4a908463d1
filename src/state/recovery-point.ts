import type { Content } from "../frames/frame.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { Head, StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { damagedCheckpoint, everyCheckpoint, findCheckpoint } from "./checkpoints.ts";
import type { Core } from "./core.ts";
import type { Large } from "./large.ts";
import { readContent } from "./read.ts";

/** Content to go on from, and where it came from. */
export interface RecoveryPoint {
  version: number;
  checkpointId: string | null;
  contentType: string;
  content: Uint8Array | Large;
  /** What names it now. */
  record: Content;
}

/** A checkpoint that did not verify on the way. */
export interface Damaged {
  checkpointId: string;
  problem: string;
}

/** The newest older version that is still kept and verifies. */
export async function olderVersion(core: Core, key: PipelineKey, head: Head): Promise<RecoveryPoint | null> {
  for (const state of head.history) {
    const point = await readPoint(core, key, state, null);
    if (typeof point !== "string") return point;
  }
  return null;
}

/**
 * The newest checkpoint of the state that verifies, among those that `wanted` lets through. Those found damaged
 * are collected; those quarantined before are passed over.
 */
export async function newestCheckpoint(
  core: Core,
  key: PipelineKey,
  wanted: (record: CheckpointRecord) => boolean,
): Promise<{ point: RecoveryPoint | null; damaged: Damaged[] }> {
  const damaged: Damaged[] = [];
  for await (const record of everyCheckpoint(core, key, 50)) {
    if (record.source !== "state" || record.quarantinedAt !== null || !wanted(record)) continue;
    const point = await readPoint(core, key, record, record.checkpointId);
    if (typeof point !== "string") return { point, damaged };
    damaged.push({ checkpointId: record.checkpointId, problem: point });
  }
  return { point: null, damaged };
}

/** A checkpoint that was named. @throws CairnError `not_found`, `unrecoverable` when it is damaged */
export async function requirePoint(
  core: Core,
  key: PipelineKey,
  checkpointId: string,
): Promise<RecoveryPoint> {
  const point = await readPoint(core, key, await findCheckpoint(core, key, checkpointId), checkpointId);
  if (typeof point === "string") throw damagedCheckpoint(point);
  return point;
}

/** The content, or what is wrong with it. */
export async function readPoint(
  core: Core,
  key: PipelineKey,
  record: StateRecord | CheckpointRecord,
  checkpointId: string | null,
): Promise<RecoveryPoint | string> {
  const decoded = await readContent(core, key, record, { thorough: true });
  if (!decoded.ok) return decoded.problem;
  const { version, contentType } = record;
  return { version, checkpointId, contentType, content: decoded.content, record };
}

import { chainOf, depthOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { FrameRef } from "../model/frame.ts";
import { statesOf } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { everyCheckpoint, findCheckpoint } from "./checkpoints.ts";
import type { Core } from "./core.ts";
import { readContent, requireHead } from "./read.ts";
import { vouchCheckpoint } from "./vouch.ts";

/**
 * Reads and hashes every frame of a checkpoint's chain. A damaged one is named, and with it what cannot be rebuilt
 * without it either.
 *
 * @throws CairnError `not_found`
 */
export async function verifyCheckpoint(
  core: Core,
  key: PipelineKey,
  checkpointId: string,
): Promise<{ valid: boolean; problems: string[] }> {
  const record = await findCheckpoint(core, key, checkpointId);
  const decoded = await readContent(core, key, record, { thorough: true });
  if (!decoded.ok) {
    const others = await dependents(core, key, record, decoded.frameId);
    return { valid: false, problems: [decoded.problem, ...others] };
  }
  if (record.verified) return { valid: true, problems: [] };
  await vouchCheckpoint(core, key, await requireHead(core, key), record);
  return { valid: true, problems: [] };
}

/** Everything else that is rebuilt from a frame. */
async function dependents(
  core: Core,
  key: PipelineKey,
  record: CheckpointRecord,
  frameId: string,
): Promise<string[]> {
  const place = placeOf(frameId);
  const rests = ({ frame }: { frame: FrameRef }) =>
    chainOf(frame) === chainOf(record.frame) && depthOf(frame) >= place;
  const head = await requireHead(core, key);
  const states = statesOf(head).filter(rests);
  const found = states.map(({ version }) => `it takes down version ${version}`);
  for await (const other of everyCheckpoint(core, key)) {
    const { checkpointId, version } = other;
    if (checkpointId !== record.checkpointId && rests(other))
      found.push(`it takes down checkpoint ${checkpointId} (version ${version})`);
  }
  return found;
}

/** Of a frame in its chain: 0 for the full one. */
function placeOf(frameId: string): number {
  return Number.parseInt(frameId.slice(frameId.indexOf(".") + 1), 10);
}

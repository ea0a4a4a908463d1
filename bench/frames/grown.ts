import { linksOf } from "../../src/model/chain.ts";
import type { CheckpointRecord } from "../../src/model/checkpoint.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { saveDelta } from "../../src/state/delta.ts";
import { saveState } from "../../src/state/save.ts";
import { type Line, STORES } from "../roundtrips/stores.ts";
import { timed } from "./report.ts";
import { growingSteps, type Step } from "./states.ts";

/** The stores that the growing pipeline is saved to. */
export const GROWN_STORES = ["postgres, TCP", "redis, TCP", "object, S3 by fetch", "dynamodb, frames inline"];

/** What one save took at the store, and of this process without making the delta. */
export interface Cost {
  requests: number;
  sent: number;
  received: number;
  ms: number;
}

/** The growing pipeline in one store: each state checkpointed as it was saved. */
export interface Grown {
  line: Line;
  core: Core;
  key: PipelineKey;
  costs: Cost[];
  /** Oldest first. */
  checkpoints: CheckpointRecord[];
}

export const KEY: PipelineKey = { tenant: "bench", pipelineId: "nightly-etl" };

const known = new Map<string, Promise<Grown>>();

/** Made when it is first asked for, and kept for other sections of the run. */
export function grown(name: string): Promise<Grown> {
  const found = known.get(name) ?? grow(name);
  known.set(name, found);
  return found;
}

export async function endGrown(): Promise<void> {
  for (const each of known.values()) await each.then(({ line }) => line.stop()).catch(() => {});
  known.clear();
}

async function grow(name: string): Promise<Grown> {
  const line = await STORES[name]!();
  const core = createCore({ backend: line.backend });
  const costs: Cost[] = [];
  for (const [version, step] of (await growingSteps()).entries()) {
    const before = line.count();
    const { ms } = await timed(() => saveStep(core, KEY, version, step));
    const after = line.count();
    const differences = {
      requests: after.requests - before.requests,
      sent: after.sent - before.sent,
      received: after.received - before.received,
    };
    costs.push({ ...differences, ms });
  }
  return { line, core, key: KEY, costs, checkpoints: await checkpointsOf(core, KEY) };
}

/** As the SDK saves: the first state whole, all others as a delta; each with a checkpoint. */
export async function saveStep(
  core: Core,
  key: PipelineKey,
  version: number,
  { content, delta, sha256 }: Step,
): Promise<void> {
  const common = { caller: {}, checkpoint: "always" as const };
  if (version === 0) {
    await saveState(core, key, { ...common, content, contentType: "application/json" });
    return;
  }
  const precondition = { versions: [version] };
  await saveDelta(core, key, { ...common, delta, sha256, maxBytes: 25 * 1024 * 1024, precondition });
}

/** Oldest first. */
export async function checkpointsOf({ backend }: Core, key: PipelineKey): Promise<CheckpointRecord[]> {
  return (await backend.checkpoints(key, { limit: 500 })).data.reverse();
}

/** What all frames together take, each counted once. */
export function bytesOfFrames(checkpoints: readonly CheckpointRecord[]): number {
  const sizes = new Map(
    checkpoints.flatMap(({ frame }) => linksOf(frame).map((link) => [link.frameId, link.storedBytes])),
  );
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

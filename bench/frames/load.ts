import { memoryBackend } from "../../src/backends/memory.ts";
import { depthOf, linksOf } from "../../src/model/chain.ts";
import type { CheckpointRecord } from "../../src/model/checkpoint.ts";
import { readCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { readState } from "../../src/state/read.ts";
import { checkpointsOf, GROWN_STORES, type Grown, grown, KEY, saveStep } from "./grown.ts";
import { figure, meanOf, type Report, sumOf } from "./report.ts";
import { growingSteps } from "./states.ts";

const LIMIT = 2.2;
const SEQUENTIAL: Readonly<Record<string, number>> = {
  "postgres, TCP": 1,
  "redis, TCP": 1,
  "object, S3 by fetch": 2,
  "dynamodb, frames inline": 2,
};

/** Loads of the growing pipeline's versions: what is read of frames, and how many round trips follow one another. */
export async function load(report: Report): Promise<void> {
  await bytesRead(report);
  for (const name of GROWN_STORES) await roundTrips(report, name, await grown(name));
}

async function bytesRead(report: Report): Promise<void> {
  const steps = await growingSteps();
  const core = createCore({ backend: memoryBackend() });
  for (const [version, step] of steps.entries()) await saveStep(core, KEY, version, step);
  const checkpoints = await checkpointsOf(core, KEY);
  const ratios: number[] = [];
  for (const [i, record] of checkpoints.entries()) {
    const { content } = await readCheckpoint(core, KEY, record.checkpointId);
    if (Buffer.compare(content as Uint8Array, steps[i]!.content) !== 0) throw new Error("another content");
    ratios.push(bytesOf(record) / steps[i]!.deflated);
  }
  report.add({
    what: `frames read, the most of ${checkpoints.length} versions : its own full frame`,
    value: Math.max(...ratios),
    limit: LIMIT,
    peer: `mean ${figure(meanOf(ratios))}; where every version is whole: 1`,
  });
}

function bytesOf({ frame }: CheckpointRecord): number {
  return sumOf(linksOf(frame).map(({ storedBytes }) => storedBytes));
}

async function roundTrips(report: Report, name: string, { line, key, checkpoints }: Grown): Promise<void> {
  const steps = await growingSteps();
  const core = createCore({ backend: line.backend });
  const content = steps.at(-1)!.content;
  // The first read vouches for what was saved unseen, by a commit.
  await readState(core, key);
  const rounds = await line.rounds(async () => {
    const read = await readState(core, key);
    if (Buffer.compare(read.content as Uint8Array, content) !== 0) throw new Error("another content");
  });
  const depth = depthOf(checkpoints.at(-1)!.frame);
  const requests = `chain of ${depth} deltas`;
  const limit = SEQUENTIAL[name]!;
  report.add({ what: `${name}: sequential round trips, state`, value: rounds, limit, peer: requests });
  const middle = checkpoints[checkpoints.length >> 1]!;
  await readCheckpoint(core, key, middle.checkpointId);
  const older = await line.rounds(() => readCheckpoint(core, key, middle.checkpointId));
  const byId = "by its id, in the middle of the chain";
  report.add({ what: `${name}: sequential round trips, a checkpoint`, value: older, limit, peer: byId });
}

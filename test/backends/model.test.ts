import fc from "fast-check";
import { describe, test } from "vitest";
import { agreement } from "../model-based/agreement.ts";
import type { Store } from "../model-based/run.ts";
import { flakyStore, folderObjectStore, memoryStore, objectStore } from "../model-based/stores.ts";

const { CAIRN_MODEL_RUNS, CAIRN_MODEL_SEED } = process.env;
const RUNS = Number(CAIRN_MODEL_RUNS ?? 1000);
/** A folder is the slowest of the stores, and the second one of its backend. */
const FOLDER_RUNS = Number(CAIRN_MODEL_RUNS ?? 250);
const SEED = Number(CAIRN_MODEL_SEED ?? Date.now() % 2 ** 31);
/** Side by side: a run mostly waits for digests and for the disk. */
const SHARDS = 8;
const MINUTES = 60_000;

/** Random commands to the service and to a model written from the design: no difference. */
describe(`runs against the model, seed ${SEED}`, () => {
  const check = (name: string, open: () => Promise<Store>, count = RUNS) =>
    test(`${name}: ${count} runs`, () => runs(open, count), 5 * MINUTES);
  check("memory", () => memoryStore());
  check("memory, with unknown outcomes", flakyStore, Math.ceil(RUNS / 4));
  check("object over a store in memory", objectStore);
  check("object over a folder", folderObjectStore, FOLDER_RUNS);
});

async function runs(open: () => Promise<Store>, count: number): Promise<void> {
  const shards = Array.from({ length: SHARDS }, (_, shard) => {
    const numRuns = Math.floor((count + shard) / SHARDS);
    return fc.assert(agreement(open), { numRuns, seed: SEED + shard });
  });
  await Promise.all(shards);
}

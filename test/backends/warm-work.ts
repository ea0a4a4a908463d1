import { noise } from "../../src/backends/contract/support.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { acquireLease, renewLease } from "../../src/state/lease.ts";
import { saveState } from "../../src/state/save.ts";

export type Operation = "save" | "save with a checkpoint" | "checkpoint" | "heartbeat";

/**
 * The most requests that each operation of a lease's holder takes, of `rounds` in which this process wrote last.
 *
 * @param count requests so far
 * @param bytes of a state
 */
export async function mostRequests(
  backend: StorageBackend,
  key: PipelineKey,
  { count, bytes, rounds }: { count: () => number; bytes: number; rounds: number },
): Promise<Record<Operation, number>> {
  const core = createCore({ backend });
  let seed = 1;
  const save = (checkpoint: "always" | "never", fence?: number) => {
    // Of an even seed and the odd one after it the noise is the same.
    seed += 2;
    const caller = fence === undefined ? {} : { fence };
    return saveState(core, key, {
      content: noise(bytes, seed),
      contentType: "text/plain",
      caller,
      checkpoint,
    });
  };
  await save("never");
  const { fence } = (await acquireLease(core, key, { owner: "one", ttlSeconds: 600 })).lease;
  const work: Record<Operation, () => Promise<unknown>> = {
    save: () => save("never", fence),
    "save with a checkpoint": () => save("always", fence),
    checkpoint: () => createCheckpoint(core, key, { caller: { fence } }),
    heartbeat: () => renewLease(core, key, { fence }),
  };
  const most: Record<Operation, number> = {
    save: 0,
    "save with a checkpoint": 0,
    checkpoint: 0,
    heartbeat: 0,
  };
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(work) as [Operation, () => Promise<unknown>][]) {
      const before = count();
      await run();
      most[name] = Math.max(most[name], count() - before);
    }
  return most;
}

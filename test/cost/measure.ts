import { setTimeout as sleep } from "node:timers/promises";
import { noise } from "../../src/backends/contract/support.ts";
import type { OperationWork, Work } from "../../src/cost/work.ts";
import { sweeper } from "../../src/recovery/sweep/sweeper.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { acquireLease, releaseLease, renewLease } from "../../src/state/lease.ts";
import { resume } from "../../src/state/resume.ts";
import { saveState } from "../../src/state/save.ts";
import type { CountedStore } from "./counted.ts";

const KEY = { tenant: "acme", pipelineId: "nightly-etl" };
/** What retention keeps by default, and how many more there are before it lets some go. */
const [KEPT, MORE] = [100, 13];
const CYCLES = 3;
const HEARTBEATS = 5;

/**
 * What each operation of a holder and of the sweep takes of the store, of a pipeline that retention has seen already:
 * a checkpoint with its share of pruning, as every thirteenth has it done.
 *
 * @param noiseBytes of a state that compresses to nothing less, and of which nothing stays; 0: one that changes little
 */
export async function measureWork(store: CountedStore, noiseBytes: number): Promise<OperationWork> {
  const core = createCore({ backend: store.open() });
  const sweep = sweeper(core);
  let step = 0;
  const save = (fence?: number) =>
    saveState(core, KEY, {
      content: content(++step, noiseBytes),
      contentType: noiseBytes > 0 ? "application/octet-stream" : "application/json",
      caller: fence === undefined ? {} : { fence },
      checkpoint: "always",
    });
  await save();
  const { fence } = (await acquireLease(core, KEY, { owner: "one", ttlSeconds: 3600 })).lease;
  const cycle = async (saves: number) => {
    for (let i = 0; i < saves; i++) await save(fence);
    await core.tally.flush();
    const { pruned } = await sweep();
    if (pruned !== 1) throw new Error("nothing was pruned");
  };
  await cycle(KEPT + MORE - 1);
  await save(fence);
  const flushed = await per(1, store, () => core.tally.flush());
  const swept = await per(1, store, sweep);
  const pruning = await per(CYCLES, store, () => cycle(MORE));
  const checkpoint = mapWork(pruning, (amount, unit) => (amount - flushed[unit]! - swept[unit]!) / MORE);
  const heartbeat = await per(HEARTBEATS, store, () => renewLease(core, KEY, { fence }));
  await releaseLease(core, KEY, { fence });
  await core.tally.flush();
  return { checkpoint, heartbeat, flushed, swept, ...(await failure(store)) };
}

/** One that dies is interrupted by a sweep, and taken up by another process. */
async function failure(store: CountedStore): Promise<Pick<OperationWork, "failure">> {
  const [first, second] = [createCore({ backend: store.open() }), createCore({ backend: store.open() })];
  await take(first, 1);
  await first.tally.flush();
  await sleep(1000 * (1 + first.backend.capabilities.clockSlackSeconds) + 200);
  const work = await per(1, store, async () => {
    const { interrupted } = await sweeper(second)();
    if (interrupted !== 1) throw new Error("nothing was interrupted");
    await take(second, 60);
  });
  return { failure: work };
}

function take(core: Core, ttlSeconds: number) {
  return resume(core, KEY, { owner: "two", ttlSeconds });
}

const LITTLE = Buffer.from(noise(1500, 1)).toString("hex");

function content(step: number, noiseBytes: number): Uint8Array {
  // Of an even seed and the odd one after it the noise is the same.
  if (noiseBytes > 0) return noise(noiseBytes, 2 * step + 1);
  return new TextEncoder().encode(JSON.stringify({ step, log: LITTLE }));
}

async function per(times: number, { count }: CountedStore, run: () => Promise<unknown>): Promise<Work> {
  const before = count();
  for (let i = 0; i < times; i++) await run();
  return mapWork(count(), (after, unit) => (after - before[unit]!) / times);
}

function mapWork(work: Work, of: (amount: number, unit: keyof Work) => number): Work {
  return Object.fromEntries(
    Object.entries(work).map(([unit, amount]) => [unit, of(amount, unit as keyof Work)]),
  );
}

import { memoryBackend } from "../../src/backends/memory.ts";
import { settle } from "./aftermath.ts";
import { startChaos, startCron } from "./chaos.ts";
import { Cluster, TENANTS } from "./cluster.ts";
import { virtualGlobals } from "./globals.ts";
import { sha256Now } from "./hash.ts";
import { startOperator } from "./operator.ts";
import { startOwner, startPoller } from "./owner.ts";
import { Receiver } from "./receiver.ts";
import { Recorder } from "./recorder.ts";
import type { Plant, Run } from "./run.ts";
import { weatherOf } from "./weather.ts";
import { contexts, type Violation, World } from "./world.ts";

/** What one seed came to. */
export interface Result {
  seed: number;
  violation: Violation | null;
  /** Empty unless it was asked for. */
  trace: string[];
  /** Of the trace. */
  digest: string;
  calls: number;
  requests: number;
}

/** How long it goes on before all faults end, seconds. */
const MINUTES = [3, 9] as const;

/** Runs one seed, from the first request to the last look at the store. */
export async function simulate(seed: number, plant: Plant = {}, traced = false): Promise<Result> {
  const restore = virtualGlobals();
  const { stackTraceLimit } = Error;
  // Stacks are much of what a run costs, and wanted only of one that is looked at.
  if (!traced) Error.stackTraceLimit = 0;
  try {
    const world = new World(seed, traced);
    const run = prepare(world, plant);
    contexts.run({ world, actor: world.nobody, attempt: null }, () => populate(run));
    await world.run(world.now + world.random.int(...MINUTES) * 60_000);
    if (!world.violation) await contexts.run({ world, actor: world.nobody, attempt: null }, settle, run);
    const trace = world.trace ?? [];
    const { violation, calls, requests } = world;
    return { seed, violation, trace, digest: sha256Now(trace.join("\n")), calls, requests };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    restore();
  }
}

function prepare(world: World, plant: Plant): Run {
  const correct = memoryBackend({ now: () => world.now });
  const store = plant.store?.(correct, () => world.now) ?? correct;
  const weather = { ...weatherOf(world.random), ...plant.weather };
  const sweepCalls = world.random.chance(0.3) ? world.random.int(6, 20) : 1000;
  const run = { world, weather, plant, sweepCalls, clients: [] } as unknown as Run;
  run.recorder = new Recorder(world, store);
  run.receiver = new Receiver(run);
  run.cluster = contexts.run({ world, actor: world.nobody, attempt: null }, () => new Cluster(run, store));
  return run;
}

/** Two tenants with pipelines of the same ids. */
function populate(run: Run): void {
  const { random } = run.world;
  startChaos(run);
  startCron(run);
  const ids = random.chance(0.5) ? ["etl"] : ["etl", "train"];
  for (const tenant of TENANTS) {
    // One that the other tenant has none of.
    for (const pipelineId of random.chance(0.3) ? [...ids, `only-${tenant}`] : ids) {
      const key = { tenant, pipelineId };
      startOwner(run, key, random.int(0, 5_000));
      if (random.chance(0.4)) startOwner(run, key, random.int(0, 200_000));
      if (random.chance(0.6)) startOperator(run, key, random.int(20_000, 400_000));
      if (random.chance(0.3)) startOperator(run, key, random.int(20_000, 400_000));
    }
    if (random.chance(0.6)) startPoller(run, tenant, random.int(0, 120_000));
  }
}

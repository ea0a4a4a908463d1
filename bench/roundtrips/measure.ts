import { randomBytes } from "node:crypto";
import { createCore } from "../../src/state/core.ts";
import { renewLease } from "../../src/state/lease.ts";
import { StateManager } from "../../src/state/manager.ts";
import { type Line, OPERATIONS, type Operation } from "./stores.ts";

export interface Measured {
  operation: Operation;
  /** The most that one of them took, of what is limited. */
  most: number;
  allowed: number;
  ok: boolean;
  /** Of all kinds, on average. */
  requests: number;
}

const ROUNDS = 20;
const STATE_BYTES = 1000;
const TENANT = "bench";
const PIPELINE = "roundtrips";

/** Counts what each operation takes of the wire, under a lease, once the process and the server are warm. */
export async function measure(line: Line): Promise<Measured[]> {
  const work = await operations(line);
  for (const operation of OPERATIONS) await work[operation]();
  const measured: Measured[] = [];
  for (const operation of OPERATIONS) measured.push(await measureOne(line, operation, work[operation]));
  return measured;
}

async function operations(line: Line): Promise<Record<Operation, () => Promise<unknown>>> {
  const { backend } = line;
  const manager = new StateManager({ backend, tenant: TENANT });
  const core = createCore({ backend });
  const state = () => ({
    step: randomBytes(8).toString("hex"),
    log: randomBytes(STATE_BYTES / 2).toString("hex"),
  });
  await manager.savePipelineState(PIPELINE, state());
  const { fence } = await manager.resumePipeline(PIPELINE, { owner: "bench", ttlSeconds: 600 });
  return {
    save: () => manager.savePipelineState(PIPELINE, state(), { fence }),
    "save + checkpoint": () => manager.savePipelineState(PIPELINE, state(), { fence, checkpoint: "always" }),
    checkpoint: () => manager.createCheckpoint(PIPELINE, { fence }),
    heartbeat: () => renewLease(core, { tenant: TENANT, pipelineId: PIPELINE }, { fence }),
  };
}

async function measureOne(line: Line, operation: Operation, run: () => Promise<unknown>): Promise<Measured> {
  const before = line.count();
  const each: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = line.count().limited;
    await run();
    each.push(line.count().limited - start);
  }
  const [most, least] = [Math.max(...each), Math.min(...each)];
  const allowed = line.limits[operation];
  const ok = most <= allowed && (!line.exactly || least === allowed);
  return { operation, most, allowed, ok, requests: (line.count().requests - before.requests) / ROUNDS };
}

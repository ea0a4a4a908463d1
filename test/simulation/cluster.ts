import type { HonoBase } from "hono/hono-base";
import type { StorageBackend } from "../../src/backends/types.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { maybePrune } from "../../src/model/maybe-prune.ts";
import { pruneState } from "../../src/recovery/retention/prune.ts";
import { type SweepSummary, sweep } from "../../src/recovery/sweep/sweep.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { sha256Now } from "./hash.ts";
import type { Run } from "./run.ts";
import { storeView } from "./store-view.ts";
import { type Actor, newActor } from "./world.ts";

export const TENANTS = ["acme", "bolt"] as const;
const SCOPES = ["read", "write", "admin"];
const KEYS = parseApiKeys(
  JSON.stringify(
    TENANTS.map((tenant) => ({ id: tenant, tenant, scopes: SCOPES, sha256: sha256Now(`key-of-${tenant}`) })),
  ),
);

/** One process of the service: all that it remembers dies with it. */
export interface Process extends Actor {
  app: HonoBase;
  core: Core;
  sweep(): Promise<SweepSummary>;
}

/** The processes of the service, which come and go. */
export class Cluster {
  readonly #run: Run;
  readonly #store: StorageBackend;
  readonly #processes: Process[] = [];
  #started = 0;

  constructor(run: Run, store: StorageBackend) {
    this.#run = run;
    this.#store = store;
    for (let slot = 0; slot < run.weather.processes; slot++) this.#start(slot);
  }

  /** Any that lives, as a balancer would choose. */
  any(): Process {
    return this.#run.world.random.pick(this.#processes);
  }

  /** The process is killed, and another is there a little later. */
  crash(process: Actor): void {
    const slot = (this.#processes as Actor[]).indexOf(process);
    if (slot < 0 || !process.alive) return;
    process.alive = false;
    this.#run.world.log(() => `${process.name} crashes`);
    this.#start(slot);
  }

  /** In the midst of a call: before the store has it, or after. */
  crashSoon(process: Actor): void {
    const { world } = this.#run;
    const context = { world, actor: world.nobody, attempt: null };
    world.at(world.now + world.random.int(0, 40), context, () => this.crash(process));
  }

  /** SIGSTOP, and SIGCONT after a while. */
  stall(process: Actor, seconds: number): void {
    const { world } = this.#run;
    world.log(() => `${process.name} stalls for ${seconds} s`);
    process.stalledUntil = world.now + seconds * 1000;
  }

  /** All clocks are right, and nobody is stopped. */
  heal(): void {
    for (const process of this.#processes) Object.assign(process, { skew: 0, stalledUntil: 0 });
  }

  #start(slot: number): void {
    const run = this.#run;
    const { skewSeconds } = run.weather;
    const skew = skewSeconds && run.world.random.int(-skewSeconds * 1000, skewSeconds * 1000);
    const view = storeView(run, this.#store);
    const backend = run.plant.view?.(view, run) ?? view;
    const core = createCore({ backend, frames: { compression: { enabled: false } } });
    const sweepOnce = () => sweep(core, this.#sweepOptions());
    const app = createApp({ core, keys: KEYS, sweep: sweepOnce });
    const actor = newActor(`p${++this.#started}`, skew);
    this.#processes[slot] = Object.assign(actor, { app, core, sweep: sweepOnce });
  }

  /** What `sweeper` gives the sweep, with messages that go through the simulated network. */
  #sweepOptions(): Parameters<typeof sweep>[1] {
    const run = this.#run;
    return {
      calls: run.sweepCalls,
      prune: {
        wanted: (head) => maybePrune(head, Date.now()),
        run: (core, key) => pruneState(core, key, {}),
      },
      wake: (_url, interruption) => run.receiver.deliver(interruption),
    };
  }
}

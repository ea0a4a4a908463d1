import { AsyncLocalStorage } from "node:async_hooks";
import { Queue } from "./queue.ts";
import { type Random, random } from "./random.ts";

/** Whoever runs code: a process of the service, or a client. Once dead, nothing of it goes on. */
export interface Actor {
  name: string;
  alive: boolean;
  /** Stopped as by SIGSTOP: what was to go on before goes on then. */
  stalledUntil: number;
  /** What its clock is off by, milliseconds. */
  skew: number;
}

/** One request as it is handled by one process. */
export interface Attempt {
  /** The store calls made, the last one's number in the order of the store, how many were spoiled or refused. */
  calls: number;
  last: number;
  faults: number;
  refusals: number;
}

/** In which run, and by whom, the current code is run. */
export interface Context {
  world: World;
  actor: Actor;
  attempt: Attempt | null;
}

export const contexts = new AsyncLocalStorage<Context>();

/** Ends a run: what was found is on record in the world. */
export interface Violation {
  /** Of the design: 1 to 11. */
  invariant: number;
  message: string;
}

interface Event {
  actor: Actor;
  context: Context;
  run: () => void;
}

/** Node runs it when no microtask is left, and before anything else. */
const { nextTick } = process;
const realSetImmediate = globalThis.setImmediate;
/** UUIDv7; and what is made of them: chains, and their links. */
const IDS =
  /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\b\d+-[0-9a-v]{20}\b|\b[0-9a-z]{1,4}-[0-9a-v]{7}\b/g;
const START = Date.parse("2026-11-23T08:00:00Z");

/**
 * Virtual time, chance and the order of things of one run. Between two events nothing but microtasks is run, so that
 * a seed decides everything.
 */
export class World {
  now = START;
  readonly random: Random;
  /** Of ids, apart from the decisions. */
  readonly entropy: Random;
  violation: Violation | null = null;
  /** Null: no trace is kept. */
  readonly trace: string[] | null;
  /** Store calls so far, in the order of the store. */
  calls = 0;
  requests = 0;
  readonly #queue = new Queue<Event>();
  readonly #names = new Map<string, string>();
  readonly nobody: Actor = newActor("world");

  constructor(seed: number, traced: boolean) {
    this.random = random(seed);
    this.entropy = random(seed ^ 0x5bd1e995);
    this.trace = traced ? [] : null;
  }

  /** Seconds since the run began. */
  get elapsed(): number {
    return (this.now - START) / 1000;
  }

  /** Runs something at a time, unless its actor is dead by then. */
  at(time: number, context: Context, run: () => void, actor = context.actor): void {
    this.#queue.push(Math.max(time, this.now), { actor, context, run });
  }

  /** Starts a script in a context of its own. What it throws is a mistake of the simulation. */
  start(actor: Actor, time: number, script: () => Promise<void>): void {
    this.at(time, { world: this, actor, attempt: null }, () => {
      script().catch((error: unknown) => this.broken(error));
    });
  }

  broken(error: unknown): void {
    this.violate(0, `the simulation itself: ${error instanceof Error ? error.stack : String(error)}`);
  }

  sleep(seconds: number): Promise<void> {
    const context = contexts.getStore()!;
    return new Promise((resolve) => this.at(this.now + seconds * 1000, context, resolve));
  }

  violate(invariant: number, message: string): void {
    this.violation ??= { invariant, message };
    this.log(() => `VIOLATION of invariant ${invariant}: ${message}`);
  }

  log(line: () => string): void {
    this.trace?.push(`${this.elapsed.toFixed(3).padStart(9)} ${line()}`);
  }

  /** Ids have in them what lasts from run to run: in a trace they are named by their first appearance. */
  named(text: string): string {
    return text.replace(IDS, (id) => {
      const name = this.#names.get(id) ?? `#${this.#names.size}`;
      this.#names.set(id, name);
      return name;
    });
  }

  /** Until nothing is to come, the time is over, or something was found. */
  async run(until: number): Promise<void> {
    while (this.violation === null && this.#queue.nextTime <= until) {
      const time = this.#queue.nextTime;
      const event = this.#queue.pop()!;
      const { actor, context, run } = event;
      if (!actor.alive) continue;
      if (actor.stalledUntil > time) {
        this.#queue.push(actor.stalledUntil, event);
        continue;
      }
      this.now = time;
      contexts.run(context, run);
      await new Promise((resolve) => nextTick(resolve));
    }
    await new Promise((resolve) => realSetImmediate(resolve));
    this.now = Math.max(this.now, Math.min(until, this.#queue.nextTime));
  }
}

export function newActor(name: string, skew = 0): Actor {
  return { name, alive: true, stalledUntil: 0, skew };
}

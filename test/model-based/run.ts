import { expect } from "vitest";
import type { StorageBackend } from "../../src/backends/types.ts";
import { linksOf } from "../../src/model/chain.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { newWriteId } from "../../src/model/ids.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import type { Fault } from "../backends/flaky.ts";
import { NAMES, type Step, settle } from "./commands.ts";
import { type Blob, isLive, newWorld, type World } from "./model.ts";
import { meant, seen } from "./read-back.ts";
import type { Request } from "./requests.ts";
import { ask, type CheckpointNames, checkpointNames, keyOf } from "./service.ts";
import { answerOf } from "./verbs.ts";

/** A store for one run: two clients of it, its clock, and a way to damage it. */
export interface Store {
  clients: [StorageBackend, StorageBackend];
  /** Epoch milliseconds. */
  clock: { now: number };
  /** How much later than it ran out a lease may be found. @default 0 */
  lateSeconds?: number;
  damage(key: PipelineKey, ref: FrameRef): Promise<void>;
  /** Makes the outcome of the next commit unknown, or plans nothing. */
  fail?(fault: Fault | null): void;
  close(): Promise<void>;
}

interface Run {
  store: Store;
  cores: Core[];
  names: CheckpointNames;
  world: World;
  /** Requests that carried a key, newest first. */
  keyed: Request[];
  /** Ids of damaged frames, by pipeline. */
  spoiled: Map<string, Set<string>>;
}

/** Plays the steps to the service and to the model, and throws at the first difference. */
export async function play(store: Store, steps: readonly (Step | null)[]): Promise<void> {
  const { clients, clock } = store;
  const { clockSlackSeconds } = clients[0].capabilities;
  const world = newWorld(clock.now, clockSlackSeconds);
  const cores = clients.map((backend) => createCore({ backend }));
  const run: Run = { store, cores, names: checkpointNames(), world, keyed: [], spoiled: new Map() };
  for (const step of steps) {
    if (!step) continue;
    clock.now += 1;
    world.now = clock.now;
    await take(run, step);
  }
  same(await seen(createCore({ backend: clients[1] })), meant(world), "what can be read at the end");
}

async function take(run: Run, step: Step): Promise<void> {
  switch (step.kind) {
    case "ask":
      return both(run, settle(run.world, step, newWriteId()), step.client, step.fault);
    case "again": {
      const request = run.keyed[step.back];
      return request && both(run, request, step.client);
    }
    case "steal": {
      const request = run.keyed[step.back];
      if (!request) return;
      const { name, idempotencyKey } = request;
      const theft: Request = { name, idempotencyKey: idempotencyKey!, verb: "register", kind: newWriteId() };
      return both(run, theft, step.client);
    }
    case "wait":
      run.store.clock.now += step.seconds * 1000;
      return;
    case "sweep":
      return sweep(run);
    case "damage":
      return damage(run, NAMES[step.pipeline]!, step.pick);
  }
}

async function both(run: Run, request: Request, client: number, fault: Fault | null = null): Promise<void> {
  if (request.idempotencyKey !== undefined) run.keyed.unshift(request);
  const expected = answerOf(run.world, request);
  run.store.fail?.(fault);
  const actual = await ask(run.cores[client]!, run.names, request);
  run.store.fail?.(null);
  // After an unknown outcome nobody can tell the first answer from a replay of it.
  const told = fault && run.store.fail ? "replayed" in actual && { replayed: actual.replayed } : {};
  same(actual, { ...expected, ...told }, `the answer to ${JSON.stringify(request)}`);
  await spread(run, request.name);
}

/** What the sweep will do: whoever lost its lease is interrupted, once; none is found that lives. */
async function sweep({ store, world }: Run): Promise<void> {
  const { clients, lateSeconds = 0 } = store;
  const found = await clients[0].due(100);
  const names = found.map(({ key }) => `${key.tenant}/${key.pipelineId}`);
  const late = { ...world, now: world.now - lateSeconds * 1000 };
  same(new Set(names).size, names.length, "how often each is due");
  same(
    names.filter((name) => !isDue(world, name)),
    [],
    "who is due and lives",
  );
  same(
    [...world.pipelines.keys()].filter((name) => isDue(late, name) && !names.includes(name)),
    [],
    "who is missed",
  );
  for (const { key, head } of found) {
    const expect = { create: "never", fence: head.fence, revision: head.revision } as const;
    const effects = { status: "interrupted", events: [{ type: "interrupted" }] } as const;
    const commit = { key, writeId: newWriteId(), digest: "0".repeat(64), expect, effects };
    const [outcome] = await clients[1].commit([commit]);
    same(outcome!.ok, true, "an interruption");
  }
  for (const name of names) {
    const pipeline = world.pipelines.get(name)!;
    pipeline.status = "interrupted";
    pipeline.events.push("interrupted");
  }
}

function isDue(world: World, name: string): boolean {
  const { status, lease } = world.pipelines.get(name)!;
  return status === "running" && lease !== null && !isLive(world, lease);
}

async function damage(run: Run, name: string, pick: number): Promise<void> {
  const { store, names, world } = run;
  const pipeline = world.pipelines.get(name);
  const target = pick === 0 ? pipeline?.state : pipeline?.checkpoints.at(-pick);
  if (!target) return;
  const key = keyOf(name);
  const [client] = store.clients;
  const record =
    "sequence" in target
      ? await client.checkpoint(key, names.idOf(name, target.sequence))
      : (await client.load(key))!.head.state;
  await store.damage(key, record!.frame);
  const spoiled = run.spoiled.get(name) ?? new Set();
  run.spoiled.set(name, spoiled.add(record!.frame.frameId));
  await spread(run, name);
}

/** Whatever is rebuilt from a damaged frame is damaged: only the store knows what rests on what. */
async function spread({ store, names, world, spoiled }: Run, name: string): Promise<void> {
  const [ids, pipeline] = [spoiled.get(name), world.pipelines.get(name)];
  if (!ids || !pipeline) return;
  const [client] = store.clients;
  const mark = (target: { blob: Blob } | null, ref: FrameRef | undefined) => {
    if (target && ref && linksOf(ref).some((link) => ids.has(link.frameId))) target.blob.damaged = true;
  };
  const { head } = (await client.load(keyOf(name)))!;
  mark(pipeline.state, head.state?.frame);
  mark(pipeline.older, head.history[0]?.frame);
  for (const each of pipeline.checkpoints)
    mark(each, (await client.checkpoint(keyOf(name), names.idOf(name, each.sequence)))?.frame);
}

function same(actual: unknown, expected: unknown, what: string): void {
  expect(actual, what).toEqual(expected);
}

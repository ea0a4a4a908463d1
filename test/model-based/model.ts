/**
 * What the design says of a pipeline, as plainly as it can be written: no store, no frames, no concurrency.
 * It shares no code with the service, so that the two can disagree.
 */

/** Bytes somewhere in the store. A state and the checkpoints made of it share them. */
export interface Blob {
  text: string;
  type: string;
  damaged: boolean;
}

export interface Version {
  version: number;
  blob: Blob;
  savedAt: string;
  /** The version it was restored from. */
  restoredFrom: number | null;
}

export interface ModelCheckpoint {
  sequence: number;
  version: number;
  source: "state" | "data";
  label: string | null;
  blob: Blob;
  quarantined: boolean;
}

export interface ModelLease {
  owner: string;
  ttlSeconds: number;
  endsAt: number;
}

export interface Pipeline {
  deleted: boolean;
  version: number;
  fence: number;
  sequence: number;
  status: "running" | "interrupted" | "completed" | "failed" | "cancelled";
  attempt: number;
  kind: string;
  labels: Record<string, string>;
  lease: ModelLease | null;
  state: Version | null;
  older: Version | null;
  /** Oldest first, as are events. */
  checkpoints: ModelCheckpoint[];
  events: string[];
  /** The first answer by idempotency key, with the request it was the answer to. */
  answers: Map<string, { request: string; answer: Answer }>;
}

export type Answer = Readonly<Record<string, unknown>>;

/** A refusal or failure, by its code. Thrown inside the model, compared as `{error}`. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The world of one run: pipelines by `tenant/id`, and a clock. */
export interface World {
  pipelines: Map<string, Pipeline>;
  /** Epoch milliseconds. */
  now: number;
  slackSeconds: number;
}

export interface Caller {
  fence?: number;
  force?: boolean;
  idempotencyKey?: string;
}

export function newWorld(now: number, slackSeconds: number): World {
  return { pipelines: new Map(), now, slackSeconds };
}

export function blank(before?: Pipeline): Pipeline {
  const { version = 0, fence = 0, sequence = 0, answers = new Map() } = before ?? {};
  return {
    ...{ deleted: false, version, fence, sequence, answers },
    ...{ status: "running", attempt: 0, kind: "default", labels: {} },
    ...{ lease: null, state: null, older: null, checkpoints: [], events: [] },
  };
}

export function living(world: World, name: string): Pipeline {
  const pipeline = world.pipelines.get(name);
  if (!pipeline) throw new Refused("not_found");
  if (pipeline.deleted) throw new Refused("pipeline_deleted");
  return pipeline;
}

export function isLive(world: World, lease: ModelLease | null): lease is ModelLease {
  return lease !== null && world.now < lease.endsAt + world.slackSeconds * 1000;
}

/** Every write while a lease is live needs its fence; one that is not the newest never writes. */
export function mayWrite(world: World, pipeline: Pipeline, caller: Caller): void {
  if (caller.force) return;
  if (caller.fence === undefined) {
    if (isLive(world, pipeline.lease)) throw new Refused("lease_held");
  } else if (caller.fence !== pipeline.fence) throw new Refused("fence_lost");
}

/** Force takes a lease away by raising the fence. To be called once a write is sure to happen. */
export function takeAway(pipeline: Pipeline, caller: Caller): void {
  if (!caller.force || !pipeline.lease) return;
  pipeline.fence += 1;
  pipeline.lease = null;
}

/** A save, a restore or a checkpoint by the holder proves that it lives. */
export function prolong(world: World, pipeline: Pipeline, caller: Caller): void {
  const { lease } = pipeline;
  if (!lease || caller.fence !== pipeline.fence) return;
  lease.endsAt = Math.max(lease.endsAt, world.now + lease.ttlSeconds * 1000);
}

export function grant(world: World, pipeline: Pipeline, owner: string, ttlSeconds: number): void {
  pipeline.fence += 1;
  pipeline.lease = { owner, ttlSeconds, endsAt: world.now + ttlSeconds * 1000 };
}

/** History is appended to: a restored version is a new one. */
export function push(
  world: World,
  pipeline: Pipeline,
  blob: Blob,
  from: number | null,
  dropReplaced = false,
) {
  if (!dropReplaced) pipeline.older = pipeline.state;
  pipeline.version += 1;
  const savedAt = iso(world.now);
  pipeline.state = { version: pipeline.version, blob, savedAt, restoredFrom: from };
}

export function addCheckpoint(
  pipeline: Pipeline,
  source: "state" | "data",
  blob: Blob,
  label: string | null,
): ModelCheckpoint {
  pipeline.sequence += 1;
  const { sequence, version } = pipeline;
  const checkpoint = { sequence, version, source, label, blob, quarantined: false };
  pipeline.checkpoints.push(checkpoint);
  pipeline.events.push("checkpointed");
  return checkpoint;
}

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

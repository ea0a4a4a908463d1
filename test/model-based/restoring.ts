import {
  type Answer,
  type Blob,
  grant,
  isLive,
  iso,
  living,
  type ModelCheckpoint,
  mayWrite,
  type Pipeline,
  prolong,
  push,
  Refused,
  takeAway,
  type World,
} from "./model.ts";
import type { Asked, Request } from "./requests.ts";
import { facts } from "./verbs.ts";

interface Point {
  version: number;
  sequence: number | null;
  blob: Blob;
}

interface Found {
  point: Point | null;
  damaged: ModelCheckpoint[];
}

export function recover(world: World, request: Asked<"recover">): Answer {
  const pipeline = living(world, request.name);
  const found = request.sequence === undefined ? newest(pipeline) : named(pipeline, request.sequence);
  return restore(world, pipeline, request, found, "recovered");
}

/** Going back again goes further back: a restored state is where it was restored from. */
export function rollback(world: World, request: Asked<"rollback">): Answer {
  const pipeline = living(world, request.name);
  const { sequence, steps = 1 } = request;
  const from = pipeline.state?.restoredFrom ?? pipeline.version;
  const back = () => newest(pipeline, (all) => all.filter((each) => each.version < from).slice(steps - 1));
  const found = sequence === undefined ? back() : named(pipeline, sequence);
  return restore(world, pipeline, request, found, "rolledBack");
}

function restore(world: World, pipeline: Pipeline, request: Request, found: Found, event: string): Answer {
  const { point, damaged } = found;
  if (!point) throw new Refused("unrecoverable");
  mayWrite(world, pipeline, request);
  takeAway(pipeline, request);
  push(world, pipeline, { ...point.blob }, point.version);
  prolong(world, pipeline, request);
  quarantine(pipeline, damaged);
  pipeline.events.push(event);
  return {
    version: pipeline.version,
    savedAt: iso(world.now),
    ...facts(point.blob),
    contentType: point.blob.type,
    sequence: point.sequence,
    quarantined: damaged.map((each) => each.sequence),
  };
}

export function resume(world: World, request: Asked<"resume">): Answer {
  const pipeline = living(world, request.name);
  const { owner, ttlSeconds, sequence } = request;
  const found = sequence === undefined ? goOn(pipeline) : named(pipeline, sequence);
  const { state } = pipeline;
  if (!found.point && (state || sequence !== undefined)) throw new Refused("unrecoverable");
  if (isLive(world, pipeline.lease) && pipeline.lease.owner !== owner) throw new Refused("lease_held");
  if (["completed", "cancelled"].includes(pipeline.status)) throw new Refused("invalid_transition");
  const isState = sequence === undefined && found.point?.blob === state?.blob;
  if (found.point && !isState) {
    const damagedState = sequence === undefined;
    push(world, pipeline, { ...found.point.blob }, found.point.version, damagedState);
    if (damagedState) pipeline.events.push("quarantined");
  }
  quarantine(pipeline, found.damaged);
  grant(world, pipeline, owner, ttlSeconds);
  pipeline.status = "running";
  pipeline.attempt += 1;
  pipeline.events.push("resumed");
  const { fence, attempt, version } = pipeline;
  const { text = null, type: contentType = null } = found.point?.blob ?? {};
  return { fence, attempt, owner, version, expiresAt: iso(pipeline.lease!.endsAt), text, contentType };
}

/** The state, else the newest older version, then checkpoint, that verifies. */
function goOn({ state, older, ...pipeline }: Pipeline): Found {
  for (const each of [state, older]) {
    if (each && !each.blob.damaged) return { point: { ...each, sequence: null }, damaged: [] };
  }
  return state ? newest({ ...pipeline, state, older }) : { point: null, damaged: [] };
}

function newest(pipeline: Pipeline, among = (all: ModelCheckpoint[]): ModelCheckpoint[] => all): Found {
  const all = pipeline.checkpoints.filter((each) => each.source === "state" && !each.quarantined);
  const candidates = among(all.toReversed());
  const good = candidates.findIndex((each) => !each.blob.damaged);
  if (good < 0) return { point: null, damaged: candidates };
  return { point: candidates[good]!, damaged: candidates.slice(0, good) };
}

function named(pipeline: Pipeline, sequence: number): Found {
  const found = pipeline.checkpoints.find((each) => each.sequence === sequence);
  if (!found) throw new Refused("not_found");
  return { point: found.blob.damaged ? null : found, damaged: [] };
}

function quarantine(pipeline: Pipeline, damaged: readonly ModelCheckpoint[]): void {
  for (const each of damaged) {
    each.quarantined = true;
    pipeline.events.push("quarantined");
  }
}

import { createHash } from "node:crypto";
import {
  type Answer,
  addCheckpoint,
  type Blob,
  blank,
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
import type { Asked, Condition, Request } from "./requests.ts";
import { recover, resume, rollback } from "./restoring.ts";

const FINISHED = ["completed", "failed", "cancelled"];

/** What the design says the answer is: the first one again, when the key of a request that landed comes back. */
export function answerOf(world: World, request: Request): Answer {
  const { idempotencyKey: key } = request;
  const known = key === undefined ? undefined : world.pipelines.get(request.name)?.answers.get(key);
  const text = JSON.stringify({ ...request, fence: null, force: null });
  if (known && known.request !== text) return { error: mismatch(world, request) };
  if (known) return replayed(world, request, known.answer);
  try {
    const answer = { ...carryOut(world, request), replayed: false };
    if (key !== undefined) world.pipelines.get(request.name)!.answers.set(key, { request: text, answer });
    return answer;
  } catch (error) {
    if (error instanceof Refused) return { error: error.code };
    throw error;
  }
}

/** A patch needs something to patch before anything else is looked at. */
function mismatch(world: World, { name, verb }: Request): string {
  const { state, deleted } = world.pipelines.get(name)!;
  return verb === "patch" && !state && !deleted ? "not_found" : "idempotency_mismatch";
}

/** The first answer, but a resume hands over the state only while it is the one it was. */
function replayed(world: World, request: Request, first: Answer): Answer {
  const again = { ...first, replayed: true };
  if (request.verb !== "resume") return again;
  const { version, state } = world.pipelines.get(request.name)!;
  const same = state !== null && version === first.version && !state.blob.damaged;
  return { ...again, text: same ? state.blob.text : null };
}

function carryOut(world: World, request: Request): Answer {
  switch (request.verb) {
    case "save":
      return save(world, request);
    case "patch":
      return patch(world, request);
    case "checkpoint":
      return checkpoint(world, request);
    case "drop":
      return drop(world, request);
    case "acquire":
      return acquire(world, request);
    case "renew":
      return renew(world, request);
    case "release":
      return release(world, request);
    case "resume":
      return resume(world, request);
    case "recover":
      return recover(world, request);
    case "rollback":
      return rollback(world, request);
    case "update":
      return update(world, request);
    case "register":
      return register(world, request);
    case "delete":
      return remove(world, request);
  }
}

function save(world: World, request: Asked<"save">): Answer {
  const { condition, text, type } = request;
  const before = world.pipelines.get(request.name);
  if (!before && condition !== undefined && condition !== "absent") throw new Refused("precondition_failed");
  if (before?.deleted && condition !== "absent") throw new Refused("pipeline_deleted");
  if (before?.deleted && request.fence !== undefined && request.fence !== before.fence && !request.force)
    throw new Refused("fence_lost");
  if (before && !before.deleted) mayWrite(world, before, request);
  const fresh = !before || before.deleted;
  const pipeline = fresh ? blank(before) : before;
  check(pipeline, condition);
  const created = fresh || pipeline.state === null;
  if (fresh) start(world, request.name, pipeline);
  takeAway(pipeline, request);
  return store(world, pipeline, request, { text, type, damaged: false }, created);
}

function start(world: World, name: string, pipeline: Pipeline): void {
  world.pipelines.set(name, pipeline);
  pipeline.events.push("created");
}

/** RFC 9110: If-Match and If-None-Match over the state. */
function check(pipeline: Pipeline, condition: Condition | undefined): void {
  if (condition === undefined) return;
  const holds =
    condition === "absent"
      ? pipeline.state === null
      : pipeline.state !== null && (condition === "present" || condition.versions.includes(pipeline.version));
  if (!holds) throw new Refused("precondition_failed");
}

function store(
  world: World,
  pipeline: Pipeline,
  request: Asked<"save"> | Asked<"patch">,
  blob: Blob,
  created: boolean,
): Answer {
  push(world, pipeline, blob, null);
  if (pipeline.status === "interrupted") pipeline.status = "running";
  prolong(world, pipeline, request);
  const wanted = request.verb === "save" && request.checkpoint;
  const made = wanted ? addCheckpoint(pipeline, "state", blob, null) : null;
  return {
    created,
    version: pipeline.version,
    savedAt: iso(world.now),
    ...facts(blob),
    checkpoint: made && view(made),
  };
}

/** What anybody can work out about content. */
export function facts({ text }: Blob): { bytes: number; sha256: string } {
  const bytes = Buffer.from(text);
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

export function view({ sequence, version, source, label }: ModelCheckpoint) {
  return { sequence, version, source, label };
}

function patch(world: World, request: Asked<"patch">): Answer {
  const pipeline = living(world, request.name);
  if (!pipeline.state) throw new Refused("not_found");
  if (pipeline.state.blob.damaged) throw new Refused("unrecoverable");
  check(pipeline, request.condition);
  if (request.fails) throw new Refused("patch_failed");
  mayWrite(world, pipeline, request);
  takeAway(pipeline, request);
  const { text, type } = pipeline.state.blob;
  return store(world, pipeline, request, { text: text + request.suffix, type, damaged: false }, false);
}

function checkpoint(world: World, request: Asked<"checkpoint">): Answer {
  const pipeline = living(world, request.name);
  mayWrite(world, pipeline, request);
  const { data, label = null } = request;
  if (data === undefined && !pipeline.state) throw new Refused("not_found");
  takeAway(pipeline, request);
  prolong(world, pipeline, request);
  const blob = data === undefined ? pipeline.state!.blob : { text: data, type: "text/plain", damaged: false };
  const made = addCheckpoint(pipeline, data === undefined ? "state" : "data", blob, label);
  return { ...view(made), ...facts(blob), createdAt: iso(world.now) };
}

function drop(world: World, request: Asked<"drop">): Answer {
  const pipeline = living(world, request.name);
  mayWrite(world, pipeline, request);
  const left = pipeline.checkpoints.filter((each) => each.sequence !== request.sequence);
  if (left.length === pipeline.checkpoints.length) throw new Refused("not_found");
  takeAway(pipeline, request);
  pipeline.checkpoints = left;
  pipeline.events.push("checkpointDeleted");
  return {};
}

function acquire(world: World, request: Asked<"acquire">): Answer {
  const pipeline = living(world, request.name);
  const { owner, ttlSeconds } = request;
  if (isLive(world, pipeline.lease) && pipeline.lease.owner !== owner) throw new Refused("lease_held");
  grant(world, pipeline, owner, ttlSeconds);
  pipeline.events.push("leased");
  return { fence: pipeline.fence, owner, expiresAt: iso(pipeline.lease!.endsAt) };
}

function renew(world: World, request: Asked<"renew">): Answer {
  const pipeline = living(world, request.name);
  if (request.fence === undefined) throw new Refused("lease_held");
  if (request.fence !== pipeline.fence || !pipeline.lease) throw new Refused("fence_lost");
  const { ttlSeconds = pipeline.lease.ttlSeconds } = request;
  pipeline.lease = { ...pipeline.lease, ttlSeconds, endsAt: world.now + ttlSeconds * 1000 };
  return { expiresAt: iso(pipeline.lease.endsAt) };
}

function release(world: World, request: Asked<"release">): Answer {
  const pipeline = living(world, request.name);
  if (request.fence === undefined) throw new Refused("lease_held");
  if (request.fence !== pipeline.fence) throw new Refused("fence_lost");
  pipeline.lease = null;
  pipeline.events.push("released");
  return {};
}

function update(world: World, request: Asked<"update">): Answer {
  const pipeline = living(world, request.name);
  mayWrite(world, pipeline, request);
  const { status = pipeline.status, labels = pipeline.labels } = request;
  const moved = status !== pipeline.status;
  if (moved && FINISHED.includes(pipeline.status)) throw new Refused("invalid_transition");
  takeAway(pipeline, request);
  if (moved) pipeline.events.push(status);
  if (request.status !== undefined) pipeline.lease = null;
  Object.assign(pipeline, { status, labels });
  return {};
}

function register(world: World, request: Asked<"register">): Answer {
  const before = world.pipelines.get(request.name);
  if (before?.deleted) throw new Refused("pipeline_deleted");
  if (before) mayWrite(world, before, request);
  const pipeline = before ?? blank();
  if (!before) start(world, request.name, pipeline);
  takeAway(pipeline, request);
  pipeline.kind = request.kind;
  return { created: !before };
}

/** All goes but a tombstone: fence (raised: whoever held the lease has lost it) and version. */
function remove(world: World, request: Asked<"delete">): Answer {
  const pipeline = living(world, request.name);
  mayWrite(world, pipeline, request);
  const grave = { ...blank(pipeline), deleted: true, fence: pipeline.fence + 1, answers: new Map() };
  world.pipelines.set(request.name, grave);
  return {};
}

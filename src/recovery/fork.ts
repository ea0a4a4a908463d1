import type { Effects, NewState } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { encodeFrame } from "../frames/frame.ts";
import { CairnError } from "../model/errors.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { PipelineView } from "../model/pipeline-view.ts";
import { pipelineView, settingsOf } from "../model/views.ts";
import { type Committed, refusalError, replayOf, send } from "../state/commit.ts";
import { type Caller, type Core, loadHead } from "../state/core.ts";
import { readState, requireLiving } from "../state/read.ts";
import { newestCheckpoint, type RecoveryPoint, requirePoint } from "../state/recovery-point.ts";
import { stageParts } from "../state/stage-parts.ts";
import { envelope } from "../state/write.ts";

/** Where a pipeline began. */
export interface ForkedFrom {
  pipelineId: string;
  /** Null: the state, for there was no checkpoint that verifies. */
  checkpointId: string | null;
  version: number;
}

export interface Forked {
  pipeline: PipelineView;
  forkedFrom: ForkedFrom;
  replayed: boolean;
}

/**
 * Starts a new pipeline of the same tenant from a checkpoint of this one: the one named, else the newest of the
 * state that verifies, else the state. The content is encoded anew as one full frame (frames are sealed, and
 * encrypted, for their pipeline), so from then on neither knows of the other's data. Settings come along. A target
 * that was deleted starts anew, its versions and fence going on.
 *
 * @throws CairnError `precondition_failed` when the target is there, `not_found`, `pipeline_deleted`, `unrecoverable`,
 *   `idempotency_mismatch`
 */
export async function fork(
  core: Core,
  key: PipelineKey,
  target: { pipelineId: string; checkpointId?: string },
  { idempotencyKey }: Pick<Caller, "idempotencyKey">,
): Promise<Forked> {
  const { pipelineId, checkpointId } = target;
  const into = { tenant: key.tenant, pipelineId };
  const request = ["fork", key.pipelineId, checkpointId ?? null];
  const caller = idempotencyKey === undefined ? {} : { idempotencyKey };
  const expect = { create: "anew", state: "absent" } as const;
  const base = await envelope({ key: into, caller, request, expect });
  const known = await loadHead(core, into);
  const replay = known && replayOf(known, base);
  if (replay) return forked(replay);
  if (known && !known.deleted) throw taken();
  const head = await requireLiving(core, key);
  const point = await startOf(core, key, head, checkpointId);
  const version = known?.version ?? 0;
  const from = { pipelineId: key.pipelineId, checkpointId: point.checkpointId, version: point.version };
  const effects: Effects = {
    settings: settingsOf(head),
    state: await stateFor(core, into, version, base.writeId, point),
    note: from,
    events: [forkedEvent(from, `from ${from.pipelineId} at version ${from.version}`)],
  };
  const bound = { ...base.expect, version, revision: known?.revision ?? 0 };
  const outcome = await send(core, { ...base, expect: bound, effects });
  if (!outcome.ok && ["revision_mismatch", "version_mismatch", "state_exists"].includes(outcome.refusal))
    throw taken();
  if (!outcome.ok) throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
  await tellSource(core, key, head, base.writeId, forkedEvent(from, `into ${pipelineId}`));
  return forked(outcome);
}

function taken(): CairnError {
  return new CairnError("precondition_failed", "The pipeline to fork into is there already.");
}

function forked({ head, result, replayed }: Committed): Forked {
  return { pipeline: pipelineView(head), forkedFrom: result.note as unknown as ForkedFrom, replayed };
}

function forkedEvent({ checkpointId }: ForkedFrom, detail: string) {
  return { type: "forked" as const, detail, ...(checkpointId === null ? {} : { checkpointId }) };
}

async function startOf(
  core: Core,
  key: PipelineKey,
  head: Head,
  checkpointId: string | undefined,
): Promise<RecoveryPoint> {
  if (checkpointId !== undefined) return requirePoint(core, key, checkpointId);
  // A head without checkpoints needs no look for them.
  const { point } =
    head.checkpointCount > 0 ? await newestCheckpoint(core, key, () => true) : { point: null };
  if (point) return point;
  const { state, content } = await readState(core, key);
  const { version, contentType } = state;
  return { version, checkpointId: null, contentType, content, record: state };
}

/** The content as the first state of another pipeline. */
async function stateFor(
  core: Core,
  into: PipelineKey,
  version: number,
  writeId: string,
  { content, contentType, record }: RecoveryPoint,
): Promise<NewState> {
  const { bytes, sha256 } = record;
  const facts = { contentType, bytes, sha256, verified: true, restoredFrom: null };
  if (!(content instanceof Uint8Array)) {
    // Reading the parts checks them, and at the end the whole.
    return { ...facts, ...(await stageParts(core, into, version, content.read(), sha256)) };
  }
  const options = { ...core.frames, contentSha256: sha256 };
  const { contentSha256: _, ...frame } = await encodeFrame(into, version + 1, writeId, content, options);
  return { ...facts, frame };
}

/**
 * The event of the pipeline that was forked: a note for people, in a commit of its own. The fork is there by now,
 * whatever becomes of it. It compares the fence that was read, so that a live lease does not stand in its way.
 */
async function tellSource(
  core: Core,
  key: PipelineKey,
  { fence }: Head,
  writeId: string,
  event: ReturnType<typeof forkedEvent>,
): Promise<void> {
  const idempotencyKey = `fork-${await sha256Hex(`${writeId}\n${event.detail}`)}`;
  const write = {
    key,
    caller: { fence, idempotencyKey },
    request: [event],
    expect: { create: "never" as const },
  };
  await send(core, { ...(await envelope(write)), effects: { events: [event] } }).catch(() => null);
}

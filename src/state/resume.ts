import type { Effects } from "../backends/types.ts";
import type { Care } from "../model/care.ts";
import { CairnError } from "../model/errors.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Policy } from "../model/pipeline.ts";
import { type Committed, replayOf } from "./commit.ts";
import type { Core } from "./core.ts";
import { learnDeath, learnRecovery } from "./learning.ts";
import { requireLiving, type StateContent, tryState } from "./read.ts";
import {
  type Damaged,
  newestCheckpoint,
  olderVersion,
  type RecoveryPoint,
  requirePoint,
} from "./recovery-point.ts";
import { quarantine, quarantineEvents, restoredState } from "./restore.ts";
import { envelope, type Write, writeAtRevision } from "./write.ts";

export interface ResumeInput {
  owner: string;
  ttlSeconds: number;
  /** Go on from this checkpoint instead of the newest recovery point. */
  checkpointId?: string;
  idempotencyKey?: string;
  /** Only a pipeline that was interrupted, of which another may have taken hold since. */
  interruptedOnly?: true;
}

export interface Resumed {
  fence: number;
  owner: string;
  expiresAt: string;
  attempt: number;
  version: number;
  checkpointId: string | null;
  /** `null` when there is no state yet: the pipeline starts from nothing. */
  contentType: string | null;
  /** `null` also in a replay, when the state is no longer the one that was answered first. */
  point: RecoveryPoint | null;
  replayed: boolean;
  /** What the pipeline is a run of, and how its checkpoints are decided on. */
  kind: string;
  policy: Policy;
}

/** What a resume goes on from, before the lease is taken. */
interface Plan {
  head: Head;
  /** The state that is current after the resume. */
  point: RecoveryPoint | null;
  /** `point` must become a new version: it is not the head's. */
  restore: boolean;
  damaged: Damaged[];
  problem: string | null;
}

/**
 * Takes the lease and finds the recovery point in one call: the state if it verifies, else the newest older
 * version, then checkpoint, that does, which then becomes a new version. Status becomes `running`, `attempt` rises.
 *
 * @throws CairnError `not_found`, `lease_held`, `invalid_transition` (completed or cancelled), `unrecoverable`
 */
export async function resume(core: Core, key: PipelineKey, input: ResumeInput): Promise<Resumed> {
  const { owner, ttlSeconds, checkpointId, idempotencyKey } = input;
  const caller = idempotencyKey === undefined ? {} : { idempotencyKey };
  const request = ["resume", owner, ttlSeconds, checkpointId ?? null];
  const base = await envelope({ key, caller, request, expect: { create: "never" } } satisfies Write);
  const started = Date.now();
  let point: RecoveryPoint | null = null;
  let before = null as Head | null;
  const committed = await writeAtRevision(core, base, async () => {
    const head = await requireLiving(core, key);
    const replay = replayOf(head, base);
    if (replay) return replay;
    checkStatus(head, input);
    const plan = await planResume(core, key, head, checkpointId);
    // The state is read with a head of its own, which another of the same name may have got to meanwhile.
    checkStatus(plan.head, input);
    point = plan.point;
    const effects = await resumeEffects(core, key, plan, base.writeId, { ...input, started });
    before = plan.head;
    return { revision: before.revision, effects };
  });
  // One with the same key may have come between, from another place: then it is that one's state that was granted.
  const own = before !== null && committed.result.revision === before.revision + 1;
  if (before && own && !committed.replayed) learnResume(core, key, before, started);
  if (committed.replayed || !own) point = await stateStillAt(core, key, committed.result.version);
  return resumed(committed, owner, point);
}

/** Who is resumed while the store still has it running died, and no sweep has seen it. */
function learnResume(core: Core, key: PipelineKey, before: Head, started: number): void {
  if (before.status === "running" && before.lease) learnDeath(core, key, before);
  if (before.state) learnRecovery(core, key, before, (Date.now() - started) / 1000);
}

function checkStatus({ status }: Head, { interruptedOnly }: ResumeInput): void {
  if (interruptedOnly && status !== "interrupted")
    throw new CairnError("invalid_transition", `The pipeline is ${status}.`);
}

/** The state that a resume sent again was answered with, if it is the current one still, and whole. */
async function stateStillAt(core: Core, key: PipelineKey, version: number): Promise<RecoveryPoint | null> {
  const head = await requireLiving(core, key);
  if (!head.state || head.version !== version) return null;
  const state = await tryState(core, key);
  return state.ok && state.state.version === version ? pointOf(state) : null;
}

function pointOf({ head, state, content }: StateContent): RecoveryPoint {
  const { version, contentType } = state;
  return { version, checkpointId: checkpointOf(head), contentType, content, record: state };
}

async function planResume(
  core: Core,
  key: PipelineKey,
  head: Head,
  checkpointId: string | undefined,
): Promise<Plan> {
  if (checkpointId !== undefined) {
    const point = await requirePoint(core, key, checkpointId);
    return { head, point, restore: true, damaged: [], problem: null };
  }
  if (!head.state) return { head, point: null, restore: false, damaged: [], problem: null };
  const state = await tryState(core, key, { thorough: true });
  if (state.ok) {
    return { head: state.head, point: pointOf(state), restore: false, damaged: [], problem: null };
  }
  const older = await olderVersion(core, key, state.head);
  const found = older ? { point: older, damaged: [] } : await newestCheckpoint(core, key, () => true);
  if (!found.point) {
    throw new CairnError(
      "unrecoverable",
      `Neither the state (${state.problem}) nor any checkpoint verifies.`,
    );
  }
  return {
    head: state.head,
    point: found.point,
    restore: true,
    damaged: found.damaged,
    problem: state.problem,
  };
}

/** The checkpoint that holds the very state the head is at, if there is one. */
function checkpointOf(head: Head): string | null {
  const last = head.lastCheckpoint;
  if (last?.source === "state" && last.version === head.version) return last.checkpointId;
  return head.state?.restoredFrom?.checkpointId ?? null;
}

async function resumeEffects(
  core: Core,
  key: PipelineKey,
  plan: Plan,
  writeId: string,
  { owner, ttlSeconds, started }: ResumeInput & { started: number },
): Promise<Effects> {
  const { head, point, damaged, problem } = plan;
  const damage = problem === null ? [] : [{ type: "quarantined" as const, detail: problem }];
  return {
    lease: { take: { owner, ttlSeconds } },
    resumed: true,
    care: careOfResume(head, plan.restore, started),
    lookAt: null,
    ...quarantine(damaged),
    ...(plan.restore && point ? { state: await restoredState(core, key, head.version, writeId, point) } : {}),
    ...(problem === null ? {} : { dropReplaced: true }),
    ...(point ? { note: { checkpointId: point.checkpointId, contentType: point.contentType } } : {}),
    events: [...damage, ...quarantineEvents(damaged), { type: "resumed", owner, ...named(point) }],
  };
}

/** A version that rose since the last resume is progress; the one that a resume itself appends is not. */
function careOfResume({ care, version }: Head, restores: boolean, started: number): Care {
  const resumes = care.version === version ? care.resumes + 1 : 1;
  const since = new Date(started).toISOString();
  return { resumes, version: restores ? version + 1 : version, wake: null, since };
}

function named(point: RecoveryPoint | null): { checkpointId?: string } {
  return point?.checkpointId ? { checkpointId: point.checkpointId } : {};
}

function resumed({ head, result, replayed }: Committed, owner: string, point: RecoveryPoint | null): Resumed {
  const { fence, attempt, expiresAt, version } = result;
  const note = result.note as Pick<Resumed, "checkpointId" | "contentType"> | null;
  const { checkpointId, contentType } = note ?? { checkpointId: null, contentType: null };
  return {
    fence,
    owner,
    expiresAt: expiresAt!,
    attempt,
    version,
    checkpointId,
    contentType,
    point,
    replayed,
    ...{ kind: head.kind, policy: head.policy },
  };
}

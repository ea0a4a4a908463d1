import { decide, type Standing } from "../checkpointing/decide.ts";
import type { Knowledge } from "../checkpointing/knowledge.ts";
import { placeIn, planOf } from "../checkpointing/placed.ts";
import { totalBytes } from "../model/chain.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import type { FrameRef } from "../model/frame.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Policy } from "../model/pipeline.ts";
import { present } from "../model/present.ts";
import { secondsSince } from "../model/seconds.ts";
import type { Situation } from "../model/task.ts";
import { everyCheckpoint } from "./checkpoints.ts";
import type { Core } from "./core.ts";

/** A pipeline that is not there yet. */
const NOTHING: Pick<Head, "policy" | "tasks" | "lastCheckpoint"> = {
  policy: {},
  tasks: [],
  lastCheckpoint: null,
};

/**
 * Whether saving is worth it now, before anything is sent: the work since the last durable version is weighed against
 * the cost of a save.
 *
 * @param now epoch milliseconds
 */
export async function decideToSave(
  core: Core,
  key: PipelineKey,
  head: Head,
  situation: Situation,
  knowledge: Knowledge,
  now: number,
): Promise<Decision> {
  const since = sinceCheckpoint(head, now);
  const told = { stateBytes: head.state?.bytes ?? 0, sinceCheckpointSeconds: since, ...situation };
  const uptimeSeconds = uptime(head, now);
  const unsaved = head.state ? secondsSince(head.state.savedAt, now) : uptimeSeconds;
  return decide(head.policy, knowledge, {
    ...(present(told) as Situation),
    uptimeSeconds,
    atRiskSeconds: situation.sinceCheckpointSeconds ?? Math.min(unsaved, uptimeSeconds),
    ...(await storage(core, key, head, null)),
    ...place(head, knowledge, situation),
  });
}

/**
 * Whether a state that is saved already, or is being saved, is worth keeping as a checkpoint: spacing, criticality,
 * event, budget.
 *
 * @param head null: there is none yet
 * @param frame of the state that would be kept
 * @param by what was learned of the kind, what comes after the pipeline's own policy, and epoch milliseconds
 */
export async function decideToKeep(
  core: Core,
  key: PipelineKey,
  head: Head | null,
  situation: Situation,
  frame: FrameRef,
  by: { knowledge: Knowledge; policy?: Policy | undefined; now: number },
): Promise<Decision> {
  const { knowledge, now } = by;
  const known = head && !head.deleted ? head : NOTHING;
  const since = sinceCheckpoint(known, now);
  const uptimeSeconds = head && !head.deleted ? uptime(head, now) : 0;
  return decide({ ...by.policy, ...known.policy }, knowledge, {
    ...(present({ sinceCheckpointSeconds: since, ...situation }) as Situation),
    uptimeSeconds,
    first: since === undefined,
    atRiskSeconds: situation.sinceCheckpointSeconds ?? since ?? uptimeSeconds,
    ...(await storage(core, key, known, frame)),
    ...place(known, knowledge, situation),
  });
}

/** For how long the machine that runs it has been at it (s). */
export function uptime({ care, createdAt }: Pick<Head, "care" | "createdAt">, now: number): number {
  return secondsSince(care.since ?? createdAt, now);
}

function sinceCheckpoint({ lastCheckpoint }: Pick<Head, "lastCheckpoint">, now: number): number | undefined {
  return lastCheckpoint ? secondsSince(lastCheckpoint.createdAt, now) : undefined;
}

/** What a checkpoint keeps of the situation it was made in. */
export interface Circumstances {
  task?: string;
  progress?: number;
  decision?: Omit<Decision, "checkpoint" | "reason">;
}

/** The metadata of a checkpoint that was decided on, or was made for a task. */
export function circumstances(
  situation: Situation | undefined,
  decision: Decision | null,
): Checkpoint["metadata"] {
  const { checkpoint: _made, reason: _told, ...facts } = decision ?? ({} as Decision);
  const { task, progress } = situation ?? {};
  const known = present({ task: task?.name, progress, decision: decision ? facts : undefined });
  return Object.keys(known).length > 0 ? (known as Checkpoint["metadata"]) : null;
}

/** What is told of the budget; nothing is read where none is set. */
async function storage(
  core: Core,
  key: PipelineKey,
  { policy }: Pick<Head, "policy">,
  frame: FrameRef | null,
): Promise<Pick<Standing, "storedBytes" | "addedBytes">> {
  if (policy.storageBudgetBytes === undefined) return {};
  const frames: FrameRef[] = [];
  for await (const record of everyCheckpoint(core, key)) frames.push(record.frame);
  const storedBytes = totalBytes(frames);
  return { storedBytes, ...(frame ? { addedBytes: totalBytes([...frames, frame]) - storedBytes } : {}) };
}

/** Where in its plan the pipeline is, and how far it was at its last checkpoint. */
function place(
  { tasks, lastCheckpoint }: Pick<Head, "tasks" | "lastCheckpoint">,
  knowledge: Knowledge,
  { task }: Situation,
): Pick<Standing, "progressAtCheckpoint" | "planned"> {
  const { progress, task: last } = (lastCheckpoint?.metadata ?? {}) as Circumstances;
  const told = typeof progress === "number" ? { progressAtCheckpoint: progress } : {};
  const planned = () => {
    const plan = task && planOf(tasks, knowledge);
    return plan ? placeIn(plan, task.name, last) : undefined;
  };
  return { ...told, planned };
}

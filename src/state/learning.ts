import {
  addProfiles,
  checkpointTook,
  machineDied,
  machineLeft,
  type Profile,
  recoveryTook,
  taskTook,
} from "../checkpointing/profile.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { type Core, metricsKey } from "./core.ts";
import { profileKey } from "./kinds.ts";
import { uptime } from "./standing.ts";

/** So often in a row, without progress, it may still be the machines. */
const MOST_IN_A_ROW = 3;

/** A machine lived for a second at least: less is the clocks' difference. */
const LEAST_SECONDS = 1;

/** A save of so many bytes took so long, and was the outcome of these tasks. */
export function learnSave(
  core: Core,
  key: PipelineKey,
  { kind }: Pick<Head, "kind">,
  { bytes, seconds, tasks }: { bytes: number; seconds: number; tasks: readonly Task[] },
): void {
  const took = tasks.filter((task) => task.seconds !== undefined).map((t) => taskTook(t.name, t.seconds!));
  learn(core, key, kind, addProfiles(checkpointTook(bytes, Math.max(0, seconds)), ...took));
}

/** A pipeline ran from its version before to this one; the time that it stood still, with no machine, is none. */
export function countRun(core: Core, { tenant }: PipelineKey, head: Head): void {
  const { state, history, care, createdAt } = head;
  if (!state) return;
  const from = [history[0]?.savedAt, care.since].map((at) => Date.parse(at ?? createdAt));
  const run = (Date.parse(state.savedAt) - Math.max(...from)) / 1000;
  if (run > 0) core.tally.count(metricsKey(tenant), { run });
}

/**
 * The machine that ran a pipeline is gone: its lease ran out, or it fell silent. One that dies again and again
 * without getting on is rather the pipeline's own doing, and no machine's.
 *
 * @param head before it was marked
 */
export function learnDeath(core: Core, key: PipelineKey, head: Head): void {
  const { care, version, lease, updatedAt } = head;
  if (care.version === version && care.resumes > MOST_IN_A_ROW) return;
  // Its last sign of life; how long it lived beyond that nobody knows.
  const seen = lease ? Date.parse(lease.expiresAt) - lease.ttlSeconds * 1000 : Date.parse(updatedAt);
  learn(core, key, head.kind, machineDied(Math.max(LEAST_SECONDS, uptime(head, seen))));
}

/** A pipeline ended by itself, well or not: its machine lived so long at least. */
export function learnEnd(core: Core, key: PipelineKey, head: Head): void {
  const lived = uptime(head, Date.parse(head.updatedAt));
  learn(core, key, head.kind, machineLeft(Math.max(LEAST_SECONDS, lived)));
}

/** A resume took so long. */
export function learnRecovery(core: Core, key: PipelineKey, { kind }: Head, seconds: number): void {
  learn(core, key, kind, recoveryTook(Math.max(0, seconds)));
}

function learn(core: Core, { tenant }: PipelineKey, kind: string, increments: Profile): void {
  core.tally.count(profileKey(tenant, kind), increments);
}

import type { PipelinePlan } from "./decider.ts";
import { checkpointSecondsOf, type Profile, recoverySecondsOf, taskSecondsOf } from "./profile.ts";

/** A task as a pipeline declares it; what is left out the profile may know. */
export interface DeclaredTask {
  name: string;
  seconds?: number | undefined;
  /** Names of the tasks that must be done before. */
  after?: readonly string[] | undefined;
  /** Bytes of its result. */
  bytes?: number | undefined;
}

/** A declared plan as a chain: the tasks in an order they can run in, and what is alive after each. */
export interface PlannedChain {
  order: string[];
  plan: PipelinePlan;
  /** Bytes a checkpoint after each task holds: results that a later task still needs, and final ones. */
  checkpointBytes: number[];
}

/** What to assume where neither the plan nor the profile says. */
export interface Assumptions {
  checkpointSeconds: number;
  recoverySeconds: number;
}

/**
 * The chain of a declared plan. Tasks that may run side by side follow each other; the frontier between done
 * and not yet done is the state. Undefined when the duration of a task is not known, when a task waits for an
 * unknown one, or when they wait for each other.
 */
export function planChain(
  tasks: readonly DeclaredTask[],
  profile: Profile,
  assume: Assumptions,
): PlannedChain | undefined {
  const order = runnable(tasks);
  if (!order) return undefined;
  const seconds = order.map((task) => task.seconds ?? taskSecondsOf(profile, task.name));
  if (!seconds.every((s) => s !== undefined)) return undefined;
  const checkpointBytes = liveBytes(order);
  const recovery = recoverySecondsOf(profile, assume.recoverySeconds);
  const plan = {
    taskSeconds: seconds,
    checkpointSeconds: checkpointBytes.map((b) => checkpointSecondsOf(profile, b, assume.checkpointSeconds)),
    recoverySeconds: order.map(() => recovery),
  };
  return { order: order.map((task) => task.name), plan, checkpointBytes };
}

/** In declared order as far as dependencies allow; without any `after`, exactly as declared. */
function runnable(tasks: readonly DeclaredTask[]): DeclaredTask[] | undefined {
  const waiting = new Map<string, number>();
  const waiters = new Map<string, DeclaredTask[]>();
  for (const task of tasks) waiting.set(task.name, new Set(task.after).size);
  if (waiting.size < tasks.length) return undefined;
  for (const task of tasks)
    for (const name of new Set(task.after)) waiters.set(name, [...(waiters.get(name) ?? []), task]);
  const order = tasks.filter((task) => waiting.get(task.name) === 0);
  for (const done of order) {
    for (const task of waiters.get(done.name) ?? []) {
      const left = waiting.get(task.name)! - 1;
      waiting.set(task.name, left);
      if (left === 0) order.push(task);
    }
  }
  return order.length === tasks.length ? order : undefined;
}

function liveBytes(order: readonly DeclaredTask[]): number[] {
  const lastUse = new Map<string, number>();
  order.forEach((task, i) => {
    for (const name of task.after ?? []) lastUse.set(name, i);
  });
  const dying = order.map(() => 0);
  for (const task of order) {
    const last = lastUse.get(task.name);
    if (last !== undefined) dying[last]! += task.bytes ?? 0;
  }
  let live = 0;
  return order.map((task, i) => {
    live += (task.bytes ?? 0) - dying[i]!;
    return live;
  });
}

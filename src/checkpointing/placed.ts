import type { DeclaredTask } from "./declared-plan.ts";
import { planChain } from "./declared-plan.ts";
import type { Knowledge } from "./knowledge.ts";
import { createPlanner, type Planner } from "./planner.ts";

/** A declared plan, ready to be asked: the names of its tasks in the order of the chain. */
export interface Planned {
  order: string[];
  planner: Planner;
}

/** Where a pipeline is in its plan: indices of the chain's tasks, −1 where there is no checkpoint yet. */
export interface Place {
  planner: Planner;
  task: number;
  lastCheckpoint: number;
}

/** Of a machine that died, until another begins; and of a save and a recovery of which nothing is known. */
const RESTART_SECONDS = 30;
const ASSUMED = { checkpointSeconds: 0.1, recoverySeconds: 1 };

/** Null where nothing is declared, or not enough is known of it (see `planChain`). */
export function planOf(tasks: readonly DeclaredTask[], { profile, predictor }: Knowledge): Planned | null {
  const chain = tasks.length > 0 && planChain(tasks, profile, ASSUMED);
  if (!chain) return null;
  return { order: chain.order, planner: createPlanner(chain.plan, predictor, RESTART_SECONDS) };
}

/**
 * The place of a task that has just ended; undefined of one that is not in the plan.
 *
 * @param last the task after which the last checkpoint was made, if there is one
 */
export function placeIn(
  { order, planner }: Planned,
  task: string,
  last: string | null | undefined,
): Place | undefined {
  const at = order.indexOf(task);
  if (at < 0) return undefined;
  return { planner, task: at, lastCheckpoint: Math.min(order.indexOf(last ?? ""), at - 1) };
}

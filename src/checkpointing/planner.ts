import type { ByteBudget, priceBytes } from "./budget.ts";
import { type Chain, chainValues, plannedOverhead, solveChain } from "./chain.ts";
import type { Boundary, PipelinePlan } from "./decider.ts";
import { livedUntil, type SurvivalCurve, survivalAt } from "./hazard/curve.ts";
import type { Predictor } from "./hazard/predictor.ts";
import { emptyOutlook, type Model, plannedAge, solveOutlook } from "./outlook.ts";
import { nextCheckpoint } from "./rollout.ts";

/** A plan made for another age than the machine's is good while they differ by less than this share. */
const DRIFT = 0.05;
/** The chain's checkpoints count half towards the ages to come: an ageing machine needs fewer of them. */
const OVERHEAD_SHARE = 0.5;

/**
 * What follows a failure is valued at the rate of lives of so many pipelines' length: over shorter ones early
 * deaths would count as if each undid a pipeline's work, when they undo no more than the life they end.
 */
const RATE_HORIZON = 4;

/** Plans one pipeline; solves again only when the machine, the rate or the durations turn out otherwise. */
export interface Planner {
  /** Whether this planner was made for the same numbers. */
  isFor(plan: PipelinePlan): boolean;
  /** Whether to checkpoint at this boundary. */
  checkpointNow(at: Boundary): boolean;
  /** The pipeline begins anew, with its whole budget. */
  begin(): void;
  /** What is known of failures has changed. */
  forgetRate(): void;
}

/**
 * A planner for one pipeline; `predictor` is asked for its curve whenever it is to be solved anew.
 *
 * @param price keeps the plan within its budget of bytes; without it the plan is taken to have none, for a client that
 *   never declares one need not carry it
 */
export function createPlanner(
  plan: PipelinePlan,
  predictor: Predictor,
  restartSeconds: number,
  price?: typeof priceBytes,
): Planner {
  const chain = chainOf(plan);
  const last = chain.taskSeconds.length - 1;
  const outlook = emptyOutlook(chain);
  const model: Model = { chain, values: chainValues(last + 1), curve: predictor.curve(), restartSeconds };
  const budget = price && budgetOf(plan);
  let rateKnown = false;
  let pace = 1;
  let planned = false;
  let next = -1;
  let base = -1;
  let seen = -1;

  function solveRate() {
    model.curve = predictor.curve();
    const rate = freshRate(model.curve, RATE_HORIZON * outlook.work[last]!);
    if (budget) price(chain, rate, restartSeconds, base, budget, model.values);
    else solveChain(chain, rate, restartSeconds, model.values);
    pace = 1 + OVERHEAD_SHARE * Math.min(1, plannedOverhead(chain, model.values));
    rateKnown = true;
  }

  /** A checkpoint was written. The price stands if it was foreseen: the rest of its plan keeps to what is left. */
  function spend(budget: ByteBudget, from: number) {
    if (base >= 0) budget.leftBytes -= budget.checkpointBytes[base]!;
    if (rateKnown && model.values.next[from + 1] === base) return;
    planned = false;
    rateKnown = false;
  }

  /** Makes sure of a plan that covers this boundary; says whether it is the one that `next` came from. */
  function stillPlanned(task: number, age: number): boolean {
    if (planned && task >= outlook.fromTask && Math.abs(age - plannedAge(outlook, task)) <= DRIFT * age)
      return true;
    if (!rateKnown) solveRate();
    solveOutlook(model, task, age, pace, outlook);
    planned = true;
    return false;
  }

  return {
    isFor: (other) => samePlan(chain, other),
    checkpointNow({ task, lastCheckpoint, uptimeSeconds, sinceCheckpointSeconds: since }) {
      if (task >= last) return false;
      const before = base;
      const moved = lastCheckpoint !== before;
      base = lastCheckpoint;
      if (moved && budget) spend(budget, before);
      const work = outlook.work[task]! - (base < 0 ? 0 : outlook.work[base]!);
      // Work since a checkpoint was done in this life; more than its age would be some other count.
      const surplus = since <= uptimeSeconds ? since - work : 0;
      const asPlanned = stillPlanned(task, uptimeSeconds) && Math.abs(surplus) <= DRIFT * work;
      const same = asPlanned && !moved && task > seen;
      seen = task;
      // The plan stands until then: the same question would only get the same answer.
      if (!same || task >= next) next = nextCheckpoint(model, outlook, task, base, uptimeSeconds, surplus);
      return next === task && (!budget || budget.checkpointBytes[task]! <= budget.leftBytes);
    },
    begin() {
      planned = false;
      base = -1;
      if (!budget) return;
      budget.leftBytes = plan.budgetBytes!;
      rateKnown = false;
    },
    forgetRate() {
      planned = false;
      rateKnown = false;
    },
  };
}

/** Failures a second of fresh machines in their first `seconds`: deaths over exposure. */
function freshRate(curve: SurvivalCurve, seconds: number): number {
  const deaths = 1 - survivalAt(curve, seconds);
  return Math.max(deaths / livedUntil(curve, seconds), 1e-9 / seconds);
}

function budgetOf({ checkpointBytes, budgetBytes }: PipelinePlan): ByteBudget | undefined {
  if (!checkpointBytes || budgetBytes === undefined) return undefined;
  return { checkpointBytes: Float64Array.from(checkpointBytes), leftBytes: budgetBytes, price: 0 };
}

function chainOf({ taskSeconds, checkpointSeconds, recoverySeconds }: PipelinePlan): Chain {
  const n = taskSeconds.length;
  return {
    taskSeconds: Float64Array.from(taskSeconds, worthwhile),
    checkpointSeconds: Float64Array.from({ length: n }, (_, i) => checkpointSeconds[i] ?? 0),
    recoverySeconds: Float64Array.from({ length: n }, (_, i) => recoverySeconds[i] ?? 0),
    feeSeconds: new Float64Array(n),
  };
}

/** A task of no time at all would make the plan's ages stand still. */
function worthwhile(seconds: number): number {
  return Math.max(seconds, 1e-6);
}

function samePlan(chain: Chain, plan: PipelinePlan): boolean {
  const n = chain.taskSeconds.length;
  if (plan.budgetBytes !== undefined || plan.taskSeconds.length !== n) return false;
  for (let i = 0; i < n; i++) {
    if (worthwhile(plan.taskSeconds[i]!) !== chain.taskSeconds[i]) return false;
    if ((plan.checkpointSeconds[i] ?? 0) !== chain.checkpointSeconds[i]) return false;
    if ((plan.recoverySeconds[i] ?? 0) !== chain.recoverySeconds[i]) return false;
  }
  return true;
}

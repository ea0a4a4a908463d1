import type { Decision } from "../model/checkpoint.ts";
import type { Policy } from "../model/pipeline.ts";
import type { Situation } from "../model/task.ts";
import { analyzeTaskCriticality } from "./criticality.ts";
import type { SurvivalCurve } from "./hazard/curve.ts";
import { hazardAt, lossAhead } from "./hazard/exposure.ts";

/** What is known besides the situation: of the machine, the store and the last checkpoint. */
export interface Forecast {
  /** Survival of machines by age. */
  curve: SurvivalCurve;
  /** For how long this one has been up (s). */
  uptimeSeconds: number;
  /** The work (s) that a failure now would undo. @default since the last checkpoint, or since it came up */
  atRiskSeconds?: number;
  /** There is no checkpoint yet, and the state is saved in any case: keeping it costs next to nothing. */
  first?: boolean;
  /** Whether the pipeline's plan has its next checkpoint here; undefined without a plan. @default there is none */
  planned?: () => boolean | undefined;
  /** What a checkpoint costs now (s): its time, and in seconds' worth its money and the price of its bytes. */
  checkpointCostSeconds: number;
  /** Progress at the last checkpoint. @default 0 */
  progressAtCheckpoint?: number;
  /** Bytes that checkpoints take up already. @default 0 */
  storedBytes?: number;
  /** Bytes that this one would add. @default the state's */
  addedBytes?: number;
}

const DEFAULT_INTERVAL_SECONDS = 300;
const DEFAULT_PROGRESS_STEP = 0.1;

interface Verdict {
  checkpoint: boolean;
  reason: string;
  nextCheckSeconds: number;
}

type Strategy = (policy: Policy, situation: Situation, forecast: Forecast, criticality: number) => Verdict;

const STRATEGIES: Record<Decision["strategy"], Strategy> = {
  always: () => ({ checkpoint: true, reason: "the policy says always", nextCheckSeconds: 0 }),
  never: () => no("the policy says never", DEFAULT_INTERVAL_SECONDS),
  time: byTime,
  progress: byProgress,
  event: byEvent,
  adaptive: byLoss,
};

/**
 * Whether a checkpoint is worth it, by the policy's strategy within its knobs. The knobs are hard, in this
 * order: the storage budget and the minimum interval forbid, a critical task and the maximum interval demand.
 * `never` stays never.
 */
export function evaluate(policy: Policy, situation: Situation, forecast: Forecast): Decision {
  const strategy = policy.strategy ?? "adaptive";
  const { criticality } = analyzeTaskCriticality(situation.task ?? {});
  const decision = {
    ...STRATEGIES[strategy](policy, situation, forecast, criticality),
    strategy,
    criticality,
    expectedLossSeconds: lossAhead(forecast.curve, forecast.uptimeSeconds, atRisk(situation, forecast)),
    checkpointCostSeconds: forecast.checkpointCostSeconds,
    failuresPerHour: 3600 * hazardAt(forecast.curve, forecast.uptimeSeconds, DEFAULT_INTERVAL_SECONDS),
  };
  return withinKnobs(policy, situation, forecast, decision);
}

/** The decision as the policy's knobs let it be: whether, why, and when to ask again. */
export function withinKnobs(
  policy: Policy,
  situation: Situation,
  forecast: Forecast,
  decision: Decision,
): Decision {
  if (decision.strategy === "never") return decision;
  const verdict = byKnobs(policy, situation, forecast, decision.criticality);
  if (verdict) return { ...decision, ...verdict };
  const { minIntervalSeconds = 0, maxIntervalSeconds = Number.POSITIVE_INFINITY } = policy;
  const elapsed = decision.checkpoint ? 0 : (situation.sinceCheckpointSeconds ?? forecast.uptimeSeconds);
  const atMost = Math.min(decision.nextCheckSeconds, maxIntervalSeconds - elapsed);
  return { ...decision, nextCheckSeconds: Math.max(atMost, minIntervalSeconds - elapsed, 0) };
}

function byKnobs(
  policy: Policy,
  { stateBytes = 0, sinceCheckpointSeconds: since, task }: Situation,
  { storedBytes = 0, addedBytes = stateBytes, uptimeSeconds }: Forecast,
  criticality: number,
): Verdict | undefined {
  const { minIntervalSeconds = 0, maxIntervalSeconds = Number.POSITIVE_INFINITY } = policy;
  const { storageBudgetBytes = Number.POSITIVE_INFINITY, criticalityThreshold } = policy;
  if (storedBytes + addedBytes > storageBudgetBytes)
    return no(`${addedBytes} bytes more would exceed the budget`, DEFAULT_INTERVAL_SECONDS);
  if (since !== undefined && since < minIntervalSeconds)
    return no(
      `${Math.round(since)} s since the last checkpoint, at least ${minIntervalSeconds} s apart`,
      minIntervalSeconds - since,
    );
  if (task && criticalityThreshold !== undefined && criticality >= criticalityThreshold)
    return yes(`task ${task.name} is critical: ${criticality.toFixed(2)}`, minIntervalSeconds);
  const unsaved = since ?? uptimeSeconds;
  if (unsaved >= maxIntervalSeconds)
    return yes(
      `${Math.round(unsaved)} s since the last checkpoint, at most ${maxIntervalSeconds} s apart`,
      Math.max(minIntervalSeconds, maxIntervalSeconds),
    );
  return undefined;
}

function atRisk({ sinceCheckpointSeconds }: Situation, { atRiskSeconds, uptimeSeconds }: Forecast): number {
  return atRiskSeconds ?? sinceCheckpointSeconds ?? uptimeSeconds;
}

function byTime(policy: Policy, { sinceCheckpointSeconds: since }: Situation): Verdict {
  const interval = policy.maxIntervalSeconds ?? policy.minIntervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
  if (since === undefined) return yes("no checkpoint yet", interval);
  const reason = `${Math.round(since)} s since the last checkpoint, interval ${interval} s`;
  return since >= interval ? yes(reason, interval) : no(reason, interval - since);
}

function byProgress(
  policy: Policy,
  { progress }: Situation,
  { progressAtCheckpoint = 0 }: Forecast,
): Verdict {
  const step = policy.progressStep ?? DEFAULT_PROGRESS_STEP;
  if (progress === undefined) return no("no progress was told", DEFAULT_INTERVAL_SECONDS);
  const made = progress - progressAtCheckpoint;
  const reason = `${percent(made)} since the last checkpoint, step ${percent(step)}`;
  // 0.3 − 0.2 is less than 0.1 in binary.
  return made >= step - 1e-9 ? yes(reason, 0) : no(reason, 0);
}

function byEvent({ events = [] }: Policy, { event }: Situation): Verdict {
  if (event === undefined) return no("no event was told", DEFAULT_INTERVAL_SECONDS);
  const counts = events.length === 0 || events.includes(event);
  return counts ? yes(`event ${event}`, 0) : no(`event ${event} is not one to checkpoint at`, 0);
}

/** By the plan where there is one; else once the loss ahead, weighed by criticality, reaches the cost. */
function byLoss(_: Policy, situation: Situation, forecast: Forecast, criticality: number): Verdict {
  const { curve, uptimeSeconds, checkpointCostSeconds: cost } = forecast;
  const since = atRisk(situation, forecast);
  const weight = 1 + criticality;
  const loss = weight * lossAhead(curve, uptimeSeconds, since);
  const reason = `${loss.toFixed(2)} s to be lost, ${cost.toFixed(2)} s to save`;
  const hazard = weight * hazardAt(curve, uptimeSeconds, Math.max(since, cost, 1));
  const interval = hazard > 0 ? Math.sqrt((2 * cost) / hazard) : Number.POSITIVE_INFINITY;
  const wait = Math.min(86_400, interval);
  if (forecast.first) return yes("no checkpoint yet", wait);
  const planned = forecast.planned?.();
  const checkpoint = planned ?? loss >= cost;
  const why = planned === undefined ? reason : `${reason}; the plan ${planned ? "saves here" : "goes on"}`;
  return checkpoint ? yes(why, wait) : no(why, Math.max(1, wait - since));
}

function yes(reason: string, nextCheckSeconds: number): Verdict {
  return { checkpoint: true, reason, nextCheckSeconds };
}

function no(reason: string, nextCheckSeconds: number): Verdict {
  return { checkpoint: false, reason, nextCheckSeconds };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

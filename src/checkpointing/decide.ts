import type { Decision } from "../model/checkpoint.ts";
import type { Policy } from "../model/pipeline.ts";
import type { Situation } from "../model/task.ts";

const DEFAULT_INTERVAL_SECONDS = 300;

/**
 * Whether a checkpoint is worth it now. Pure. Strategies `always`, `never` and `time`; the others answer as
 * `time` does, and say so in `strategy`.
 *
 * @param situation `sinceCheckpointSeconds` undefined: there is no checkpoint yet
 */
export function decide(policy: Policy, situation: Situation): Decision {
  const criticality = situation.task?.criticality ?? 0;
  const facts = { criticality, expectedLossSeconds: 0, checkpointCostSeconds: 0, failuresPerHour: 0 };
  if (policy.strategy === "always") {
    return {
      checkpoint: true,
      strategy: "always",
      reason: "the policy says always",
      ...facts,
      nextCheckSeconds: 0,
    };
  }
  if (policy.strategy === "never") {
    const nextCheckSeconds = DEFAULT_INTERVAL_SECONDS;
    return {
      checkpoint: false,
      strategy: "never",
      reason: "the policy says never",
      ...facts,
      nextCheckSeconds,
    };
  }
  return { ...facts, strategy: "time", ...byTime(policy, situation.sinceCheckpointSeconds) };
}

function byTime(policy: Policy, since: number | undefined) {
  const interval = policy.maxIntervalSeconds ?? policy.minIntervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
  if (since === undefined)
    return { checkpoint: true, reason: "no checkpoint yet", nextCheckSeconds: interval };
  const checkpoint = since >= interval;
  const reason = `${Math.round(since)} s since the last checkpoint, interval ${interval} s`;
  return { checkpoint, reason, nextCheckSeconds: checkpoint ? interval : interval - since };
}

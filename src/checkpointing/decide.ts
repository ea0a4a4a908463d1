import type { Decision } from "../model/checkpoint.ts";
import type { Policy } from "../model/pipeline.ts";
import { present } from "../model/present.ts";
import type { Situation } from "../model/task.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Place } from "./placed.ts";
import { checkpointSecondsOf } from "./profile.ts";
import { evaluate } from "./strategies.ts";

/** Where a pipeline stands when it is asked whether a checkpoint is worth it. */
export interface Standing extends Situation {
  /** For how long the machine has been at it (s). */
  uptimeSeconds: number;
  /** The work (s) that a failure now would undo: since the last durable version, or since the machine came up. */
  atRiskSeconds: number;
  /** There is no checkpoint yet, and the state is saved in any case. @default false */
  first?: boolean | undefined;
  /** Progress at the last checkpoint. @default 0 */
  progressAtCheckpoint?: number | undefined;
  /** Bytes that its checkpoints take up already. @default 0 */
  storedBytes?: number | undefined;
  /** Bytes that this one would add. @default the state's */
  addedBytes?: number | undefined;
  /** Its plan, and where in it it is; asked for only where the plan decides. */
  planned?: (() => Place | undefined) | undefined;
}

/** A save of which nothing is known: a round trip, and 50 MB a second. */
const ROUND_TRIP_SECONDS = 0.1;
const BYTES_PER_SECOND = 50e6;

/**
 * Whether a checkpoint is worth it now: the policy's strategy within its knobs (`evaluate`), by what was learned of
 * the kind. An adaptive pipeline that has a plan follows the plan. Pure, but for what the planner keeps of its
 * solution.
 */
export function decide(policy: Policy, { curve, profile }: Knowledge, standing: Standing): Decision {
  const { planned, first, progressAtCheckpoint, storedBytes, addedBytes, ...rest } = standing;
  const { uptimeSeconds, atRiskSeconds, ...situation } = rest;
  return evaluate(policy, situation, {
    ...{ curve, uptimeSeconds, atRiskSeconds },
    ...present({ first, progressAtCheckpoint, storedBytes, addedBytes }),
    checkpointCostSeconds: checkpointCost(profile, standing.stateBytes ?? 0),
    planned: () => asPlanned(planned?.(), uptimeSeconds, atRiskSeconds),
  });
}

function asPlanned(
  planned: Place | undefined,
  uptimeSeconds: number,
  atRiskSeconds: number,
): boolean | undefined {
  if (!planned) return undefined;
  const { planner, ...place } = planned;
  return planner.checkpointNow({
    ...{ ...place, uptimeSeconds },
    sinceCheckpointSeconds: Math.min(atRiskSeconds, uptimeSeconds),
  });
}

/** What a checkpoint of so many bytes is taken to cost (s). */
export function checkpointCost(profile: Knowledge["profile"], bytes: number): number {
  return checkpointSecondsOf(profile, bytes, ROUND_TRIP_SECONDS + bytes / BYTES_PER_SECOND);
}

import { type Chain, chainValues, solveChain } from "../../src/checkpointing/chain.ts";
import { type Boundary, createDecider, type Decider } from "../../src/checkpointing/decider.ts";
import { lossAhead } from "../../src/checkpointing/hazard/exposure.ts";
import { createPredictor } from "../../src/checkpointing/hazard/predictor.ts";
import { dalyInterval, youngInterval } from "../../src/checkpointing/intervals.ts";
import { addProfiles, machineDied, type Profile, predictorOf } from "../../src/checkpointing/profile.ts";
import { type Budgeted, lagrangian, oursHalved, oursWithHalfOf } from "./budget.ts";
import type { Case } from "./cases.ts";

/** A decider, and what may be asked of it besides. */
export type Judgeable = Decider & Partial<Budgeted>;

const FIXED_SECONDS = 1800;
const PRIOR_SECONDS = 86_400;

/** The yardstick and the subject. */
export const BEST = "DP*, told M";
export const OURS = "ours";
export const SEED = "seed rule";

/** Policies by name: how to make the decider for a case. */
export const POLICIES: Readonly<Record<string, (subject: Case) => Judgeable>> = {
  never: () => rule(() => false),
  "every task": () => rule(() => true),
  "every 5": () => rule((at) => at.task - at.lastCheckpoint >= 5),
  [`fixed ${FIXED_SECONDS} s`]: () => spaced(FIXED_SECONDS),
  "Young, told M": (c) => spaced(youngInterval(c.meanCheckpointSeconds, c.mtbfSeconds)),
  "Daly, told M": (c) => spaced(dalyInterval(c.meanCheckpointSeconds, c.mtbfSeconds)),
  [SEED]: (c) => seedRule(c.criticality),
  [BEST]: optimal,
  clairvoyant,
  "ours, no plan": planless,
  "ours, profile": byProfile,
  [OURS]: (c) => ours(c, PRIOR_SECONDS),
  "prior ÷ 10": (c) => ours(c, c.mtbfSeconds / 10),
  "prior × 10": (c) => ours(c, c.mtbfSeconds * 10),
  "half seed's": (c) => oursWithHalfOf(c, seedRule(c.criticality)),
  "half bytes": oursHalved,
  Lagrangian: lagrangian,
};

function ours({ restartSeconds }: Case, priorMtbfSeconds: number): Decider {
  return createDecider({ strategy: "adaptive", restartSeconds, priorMtbfSeconds });
}

/**
 * As the service learns: a profile takes additions only, and a process makes its predictor anew from it. While
 * nothing failed the profile is the same, and so would the next process's predictor be.
 */
function byProfile({ plan, restartSeconds }: Case): Decider {
  let profile: Profile = {};
  const fresh = () => {
    const predictor = predictorOf(profile, PRIOR_SECONDS);
    return createDecider({ strategy: "adaptive", restartSeconds, predictor });
  };
  let decider = fresh();
  return {
    start: () => decider.start(plan),
    boundary: (at) => decider.boundary(at),
    failed(uptimeSeconds) {
      profile = addProfiles(profile, machineDied(uptimeSeconds));
      decider = fresh();
      decider.start(plan);
    },
  };
}

/** The rule for when no plan is known: checkpoint once the work to be lost on average reaches the cost. */
function planless({ plan }: Case): Decider {
  const predictor = createPredictor(PRIOR_SECONDS);
  return {
    start() {},
    boundary({ task, uptimeSeconds, sinceCheckpointSeconds }) {
      const loss = lossAhead(predictor.curve(), uptimeSeconds, sinceCheckpointSeconds);
      return loss >= plan.checkpointSeconds[task]!;
    },
    failed: (uptimeSeconds) => predictor.failed(uptimeSeconds),
  };
}

function rule(boundary: (at: Boundary) => boolean): Decider {
  return { start() {}, boundary, failed() {} };
}

function spaced(seconds: number): Decider {
  return rule((at) => at.sinceCheckpointSeconds >= seconds);
}

/** Critical tasks at least 300 s apart, anything after 3600 s. */
function seedRule(criticality: ArrayLike<number>): Decider {
  return rule(({ task, sinceCheckpointSeconds: since }) => {
    return since >= 3600 || (since >= 300 && criticality[task]! >= 0.7);
  });
}

/** The dynamic programme that is told the true MTBF, and under noise the true durations too. */
function optimal(subject: Case): Decider {
  const { plan, noise, mtbfSeconds, restartSeconds } = subject;
  const n = plan.taskSeconds.length;
  const values = chainValues(n);
  const chain: Chain = {
    ...plan,
    taskSeconds: Float64Array.from(plan.taskSeconds),
    feeSeconds: new Float64Array(n),
  };
  let pipeline = -1;
  return {
    start() {
      pipeline++;
      if (pipeline > 0 && !noise) return;
      if (noise) for (let i = 0; i < n; i++) chain.taskSeconds[i] = plan.taskSeconds[i]! * noise(pipeline, i);
      solveChain(chain, 1 / mtbfSeconds, restartSeconds, values);
    },
    boundary: (at) => at.task === values.next[at.lastCheckpoint + 1],
    failed() {},
  };
}

/** Knows when the machine will die: checkpoints at the last boundary that lets it, if the work is worth it. */
function clairvoyant({ plan, gaps, offset }: Case): Decider {
  const { taskSeconds, checkpointSeconds } = plan;
  let deaths = offset;
  return {
    start() {},
    boundary({ task, uptimeSeconds, sinceCheckpointSeconds: since }) {
      const left = gaps[deaths % gaps.length]! - uptimeSeconds;
      const later = taskSeconds[task + 1]! + checkpointSeconds[task + 1]!;
      return checkpointSeconds[task]! <= left && later > left && since > checkpointSeconds[task]!;
    },
    failed() {
      deaths++;
    },
  };
}

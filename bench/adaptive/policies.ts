import { type Chain, chainValues, solveChain } from "../../src/checkpointing/chain.ts";
import { type Boundary, createDecider, type Decider } from "../../src/checkpointing/decider.ts";
import { lossAhead } from "../../src/checkpointing/hazard/exposure.ts";
import { createPredictor } from "../../src/checkpointing/hazard/predictor.ts";
import { dalyInterval, youngInterval } from "../../src/checkpointing/intervals.ts";
import type { Case } from "./cases.ts";

/** A policy by name: how to make its decider for a case. */
export interface Policy {
  name: string;
  create(subject: Case): Decider;
}

const FIXED_SECONDS = 1800;

/** The policies the bench compares; `DP*` is the yardstick and `ours` the subject. */
export const POLICIES: readonly Policy[] = [
  { name: "never", create: () => rule(() => false) },
  { name: "every task", create: () => rule(() => true) },
  { name: "every 5", create: () => rule((at) => at.task - at.lastCheckpoint >= 5) },
  { name: `fixed ${FIXED_SECONDS} s`, create: () => spaced(FIXED_SECONDS) },
  { name: "Young, told M", create: (c) => spaced(youngInterval(c.meanCheckpointSeconds, c.mtbfSeconds)) },
  { name: "Daly, told M", create: (c) => spaced(dalyInterval(c.meanCheckpointSeconds, c.mtbfSeconds)) },
  { name: "seed rule", create: (c) => seedRule(c.criticality) },
  { name: "DP*, told M", create: optimal },
  { name: "clairvoyant", create: clairvoyant },
  { name: "ours, no plan", create: planless },
  { name: "ours", create: (c) => createDecider({ strategy: "adaptive", restartSeconds: c.restartSeconds }) },
];

/** The rule for when no plan is known: checkpoint once the work to be lost on average reaches the cost. */
function planless({ plan }: Case): Decider {
  const predictor = createPredictor(86_400);
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

import { priceBytes } from "./budget.ts";
import { createPredictor, type Predictor } from "./hazard/predictor.ts";
import { createPlanner, type Planner } from "./planner.ts";

/** A pipeline as the decider is told of it; index i is task i, a checkpoint after it, a recovery from that. */
export interface PipelinePlan {
  taskSeconds: ArrayLike<number>;
  checkpointSeconds: ArrayLike<number>;
  recoverySeconds: ArrayLike<number>;
  /** Bytes of a checkpoint after task i; only looked at with `budgetBytes`. */
  checkpointBytes?: ArrayLike<number>;
  /** What the pipeline's checkpoints may come to in all; never exceeded. @default unlimited */
  budgetBytes?: number;
}

/** Where a pipeline stands when a task has just ended. */
export interface Boundary {
  /** The task that has just ended. */
  task: number;
  /** The task after which the last checkpoint was made; −1: there is none. */
  lastCheckpoint: number;
  /** For how long the machine has been up; recovery counts, downtime does not. */
  uptimeSeconds: number;
  /** Seconds worked since the last checkpoint, the recovery from it, or the start. */
  sinceCheckpointSeconds: number;
}

/** Decides at each task boundary whether to checkpoint; learns from the failures it is told of. */
export interface Decider {
  /** A new pipeline begins; the machine may be the one the last pipeline ran on. */
  start(plan: PipelinePlan): void;
  /** Whether to checkpoint now. */
  boundary(at: Boundary): boolean;
  /** The machine died after this uptime. What was learned is kept across `start`. */
  failed(uptimeSeconds: number): void;
}

/** What a decider is made with. */
export interface DeciderOptions {
  strategy: "adaptive";
  /** Downtime (s) between a failure and the next machine's first second. */
  restartSeconds: number;
  /** A guess at the mean time between failures; a wrong one costs a few failures. @default 86400 */
  priorMtbfSeconds?: number;
  /** Foretells lifetimes instead of a fresh one, say one that has learned from a stored profile. */
  predictor?: Predictor;
}

const PRIOR_MTBF_SECONDS = 86_400;

/**
 * A decider for one process or one simulation: no clock, no randomness, no I/O.
 *
 * @example
 * const decider = createDecider({ strategy: "adaptive", restartSeconds: 30 });
 * decider.start({ taskSeconds: [60, 60], checkpointSeconds: [2, 2], recoverySeconds: [3, 3] });
 * if (decider.boundary({ task: 0, lastCheckpoint: -1, uptimeSeconds: 60, sinceCheckpointSeconds: 60 })) save();
 */
export function createDecider(options: DeciderOptions): Decider {
  const predictor = options.predictor ?? createPredictor(options.priorMtbfSeconds ?? PRIOR_MTBF_SECONDS);
  let planner: Planner | undefined;
  return {
    start(plan) {
      if (!planner?.isFor(plan)) planner = createPlanner(plan, predictor, options.restartSeconds, priceBytes);
      planner.begin();
    },
    boundary: (at) => planner?.checkpointNow(at) ?? false,
    failed(uptimeSeconds) {
      predictor.failed(uptimeSeconds);
      planner?.forgetRate();
    },
  };
}

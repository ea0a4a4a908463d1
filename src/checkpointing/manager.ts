import type { Decision } from "../model/checkpoint.ts";
import type { Policy } from "../model/pipeline.ts";
import type { Situation } from "../model/task.ts";
import { analyzeTaskCriticality, type Criticality, type TaskFacts } from "./criticality.ts";
import { evaluate, type Forecast } from "./strategies.ts";

/** One way to decide; each is a face of `evaluate` with its strategy set. */
export interface CheckpointStrategy {
  shouldCheckpoint(situation: Situation, forecast: Forecast): Decision;
}

type Knobs = Omit<Policy, "strategy">;

/** What a task must reach to be checkpointed whatever else is said: of the strategies that do not weigh it. */
const THRESHOLD = { criticalityThreshold: 0.7 };

function face(strategy: NonNullable<Policy["strategy"]>, fallback: Knobs = {}) {
  return class implements CheckpointStrategy {
    readonly policy: Policy;

    constructor(knobs: Knobs = {}) {
      this.policy = { ...fallback, ...knobs, strategy };
    }

    shouldCheckpoint(situation: Situation, forecast: Forecast): Decision {
      return evaluate(this.policy, situation, forecast);
    }
  };
}

/** Every `maxIntervalSeconds` (default 300 s). */
export class TimeBasedStrategy extends face("time", THRESHOLD) {}

/** Every `progressStep` (default 0.1) of the whole. */
export class ProgressBasedStrategy extends face("progress", THRESHOLD) {}

/** At the `events` named, or at any. */
export class EventDrivenStrategy extends face("event", THRESHOLD) {}

/** When the work to be lost outweighs the cost. */
export class AdaptiveStrategy extends face("adaptive") {}

/** What the manager needs from outside. */
export interface ManagerOptions<T> {
  /** @default new AdaptiveStrategy() */
  strategy?: CheckpointStrategy;
  /** What is known now; asked for at each decision. */
  forecast(): Forecast;
  /** Writes a checkpoint and says what was written. */
  save(decision: Decision): Promise<T>;
}

/** Decides and writes: the strategy says when, `save` does it. */
export class AdaptiveCheckpointManager<T> {
  readonly #options: ManagerOptions<T>;
  readonly #strategy: CheckpointStrategy;

  constructor(options: ManagerOptions<T>) {
    this.#options = options;
    this.#strategy = options.strategy ?? new AdaptiveStrategy();
  }

  /** How critical a task is, 0–1, with the reasons. */
  analyzeTaskCriticality(task: TaskFacts): Criticality {
    return analyzeTaskCriticality(task);
  }

  /** Whether to checkpoint now, and why. */
  shouldCheckpoint(situation: Situation): Decision {
    return this.#strategy.shouldCheckpoint(situation, this.#options.forecast());
  }

  /** Writes a checkpoint if the strategy is for it; undefined if not. */
  async createCheckpoint(situation: Situation): Promise<T | undefined> {
    const decision = this.shouldCheckpoint(situation);
    return decision.checkpoint ? this.#options.save(decision) : undefined;
  }
}

import type { Decision } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import { parseWith } from "../model/parse.ts";
import { Policy } from "../model/pipeline.ts";
import type { Situation } from "../model/task.ts";
import { parseBytes } from "./bytes.ts";
import { analyzeTaskCriticality, type Criticality, type TaskFacts } from "./criticality.ts";
import { evaluate, type Forecast, withinKnobs } from "./strategies.ts";

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
  /** Checkpoints are at least so many seconds apart. Like the knobs below, it binds any strategy but `never`. */
  minCheckpointInterval?: number | undefined;
  /** They are at most so many seconds apart. */
  maxCheckpointInterval?: number | undefined;
  /** Tasks as critical as this, 0–1, are checkpointed in any case. */
  criticalityThreshold?: number | undefined;
  /** What checkpoints may take up, in bytes or as in `"1GB"`; `forecast` says what they do. */
  storageBudget?: string | number | undefined;
  /** What is known now; asked for at each decision. */
  forecast(): Forecast;
  /** Writes a checkpoint and says what was written. */
  save(decision: Decision): Promise<T>;
}

/** Decides and writes: the strategy says when, `save` does it. */
export class AdaptiveCheckpointManager<T> {
  readonly #options: ManagerOptions<T>;
  readonly #strategy: CheckpointStrategy;
  readonly #knobs: Policy;

  /** @throws CairnError `malformed` when a knob is none */
  constructor(options: ManagerOptions<T>) {
    this.#options = options;
    this.#knobs = knobsOf(options);
    this.#strategy = options.strategy ?? new AdaptiveStrategy();
  }

  /** How critical a task is, 0–1, with the reasons. */
  analyzeTaskCriticality(task: TaskFacts): Criticality {
    return analyzeTaskCriticality(task);
  }

  /** Whether to checkpoint now, and why. */
  shouldCheckpoint(situation: Situation): Decision {
    const forecast = this.#options.forecast();
    const decision = this.#strategy.shouldCheckpoint(situation, forecast);
    return withinKnobs(this.#knobs, situation, forecast, decision);
  }

  /** Writes a checkpoint if the strategy is for it; undefined if not. */
  async createCheckpoint(situation: Situation): Promise<T | undefined> {
    const decision = this.shouldCheckpoint(situation);
    return decision.checkpoint ? this.#options.save(decision) : undefined;
  }
}

/** The options' names of the policy's knobs. */
const OPTIONS: Readonly<Record<string, string>> = {
  minIntervalSeconds: "minCheckpointInterval",
  maxIntervalSeconds: "maxCheckpointInterval",
  storageBudgetBytes: "storageBudget",
};

function knobsOf(options: ManagerOptions<unknown>): Policy {
  const { minCheckpointInterval, maxCheckpointInterval, criticalityThreshold, storageBudget } = options;
  const storageBudgetBytes = storageBudget === undefined ? undefined : parseBytes(storageBudget);
  if (storageBudget !== undefined && storageBudgetBytes === undefined)
    throw new CairnError("malformed", `storageBudget is not a size such as "1GB": ${storageBudget}`);
  const knobs = {
    minIntervalSeconds: minCheckpointInterval,
    maxIntervalSeconds: maxCheckpointInterval,
    criticalityThreshold,
    storageBudgetBytes,
  };
  return parseWith(Policy(), knobs, "The manager's options", ([name = ""]) => OPTIONS[name] ?? name);
}

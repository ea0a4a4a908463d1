import type { Scenario } from "../../src/checkpointing/simulate.ts";
import { FAMILIES } from "./families.ts";
import { randomStream, taskNoise } from "./random.ts";
import { type FailureTrace, SYNTHETIC_MEAN_SECONDS, type Traces } from "./traces.ts";

/** A scenario with what only the told policies know, and a name. */
export interface Case extends Scenario {
  plan: { taskSeconds: Float64Array; checkpointSeconds: Float64Array; recoverySeconds: Float64Array };
  name: string;
  traceIndex: number;
  mtbfSeconds: number;
  meanCheckpointSeconds: number;
  /** 0–1 by task: the longest way to the end from it, against the workflow's longest. */
  criticality: Float64Array;
  /** Bytes of a checkpoint after each task. */
  checkpointBytes: Float64Array;
}

/** What sort of cases to draw; plain data, as it goes to other threads. */
export interface CaseOptions {
  scaled: boolean;
  /** A synthetic family, drawn anew, instead of a trace. */
  family?: string;
  /** Counting begins after so many failures. @default 0 */
  skipFailures?: number;
  /** σ of the log-normal factor of task durations. @default 0 */
  sigma?: number;
}

/** Work is simulated until it amounts to so many MTBF. */
const WORK_MTBF = 100;
const MOST_PIPELINES = 3000;
const UNSCALED_RESTART_SECONDS = 30;
const UNSCALED_BYTES_PER_SECOND = 100e6;
const LEAST_BYTES = 1000;

/**
 * The case of this seed: a trace × a workflow. Scaled: the trace's time by a random factor of 0.1 to 10, the
 * workflow's so that W/M is 0.5 or 4, checkpoints of mean C/M 0.001, 0.01 or 0.05, half of it by the bytes
 * alive; a restart and a recovery cost as much. Unscaled: as they are, 1 s and 100 MB/s a checkpoint.
 */
export function drawCase(traces: Traces, seed: number, options: CaseOptions): Case {
  const random = randomStream(seed * 7919 + 13);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const drawn = pick(traces.failures);
  const trace = options.family ? ofFamily(options.family, seed) : drawn;
  const { id, tasks } = pick(traces.workflows);
  const ratio = pick([0.5, 4]);
  const share = pick([0.001, 0.01, 0.05]);
  const stretch = options.scaled ? 10 ** (2 * random() - 1) : 1;
  const gaps = Float64Array.from(trace.gaps, (gap) => gap * stretch);
  const mtbfSeconds = mean(gaps);
  const work = tasks.reduce((sum, task) => sum + task.seconds, 0);
  const factor = options.scaled ? (ratio * mtbfSeconds) / work : 1;
  const live = mean(tasks.map((task) => task.liveBytes)) || 1;
  const checkpointSeconds = Float64Array.from(tasks, ({ liveBytes }) =>
    options.scaled
      ? (share * mtbfSeconds * (1 + liveBytes / live)) / 2
      : 1 + liveBytes / UNSCALED_BYTES_PER_SECOND,
  );
  const longest = Math.max(...tasks.map((task) => task.bottomLevelSeconds));
  const pipelines = Math.round((WORK_MTBF * mtbfSeconds) / (work * factor));
  const built: Case = {
    name: `${trace.id} × ${id}${options.scaled ? ` W/M ${ratio} C/M ${share}` : ""}`,
    traceIndex: traces.failures.indexOf(trace),
    plan: {
      taskSeconds: Float64Array.from(tasks, (task) => task.seconds * factor),
      checkpointSeconds,
      recoverySeconds: checkpointSeconds,
    },
    gaps,
    offset: options.family ? 0 : Math.floor(random() * gaps.length),
    restartSeconds: options.scaled ? share * mtbfSeconds : UNSCALED_RESTART_SECONDS,
    pipelines: Math.max(2, Math.min(MOST_PIPELINES, pipelines)),
    mtbfSeconds,
    meanCheckpointSeconds: mean(checkpointSeconds),
    criticality: Float64Array.from(tasks, (task) => task.bottomLevelSeconds / longest),
    checkpointBytes: Float64Array.from(tasks, ({ liveBytes }) => LEAST_BYTES + liveBytes),
    skipFailures: options.skipFailures ?? 0,
  };
  built.giveUpSeconds = 100 * built.pipelines * work * factor;
  if (options.sigma) built.noise = taskNoise(options.sigma, seed);
  return built;
}

function ofFamily(family: string, seed: number): FailureTrace {
  const raw = FAMILIES[family]!(randomStream(seed * 104_729 + 7));
  const scale = SYNTHETIC_MEAN_SECONDS / mean(raw);
  return { id: family, gaps: raw.map((gap) => Math.max(1, gap * scale)) };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

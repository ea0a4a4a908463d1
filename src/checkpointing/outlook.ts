import type { Chain, ChainValues } from "./chain.ts";
import { type SurvivalCurve, survivalAt } from "./hazard/curve.ts";

/** What the plans are made with. */
export interface Model {
  chain: Chain;
  /** The exponential chain's values: what is to come once this machine has died. */
  values: ChainValues;
  curve: SurvivalCurve;
  restartSeconds: number;
}

/** The best continuation of one machine's life, from a task and an age on. */
export interface Outlook {
  fromTask: number;
  fromAge: number;
  /** Seconds that pass for each second of work: 1 and the checkpoints' share. */
  pace: number;
  /** Seconds of work in tasks 0..j. */
  work: Float64Array;
  /** Survival when task j is done. */
  survival: Float64Array;
  /** Expected seconds to the end having just checkpointed task j, if the machine lives so long. */
  ahead: Float64Array;
  /** By task, times the survival: what a path that checkpoints there costs from there on beyond its work. */
  extra: Float64Array;
  /** The least that any path can cost beyond its work from task j on: what its failures undo. */
  least: Float64Array;
}

/** Room for the outlook on a chain. */
export function emptyOutlook({ taskSeconds }: Chain): Outlook {
  const n = taskSeconds.length;
  const [survival, ahead, extra, least] = [0, 0, 0, 0].map(() => new Float64Array(n));
  let sum = 0;
  const work = taskSeconds.map((t) => {
    sum += t;
    return sum;
  });
  return {
    fromTask: 0,
    fromAge: 0,
    pace: 1,
    work,
    survival: survival!,
    ahead: ahead!,
    extra: extra!,
    least: least!,
  };
}

/** The age (s) the machine is to have when task j is done. */
export function plannedAge({ fromTask, fromAge, pace, work }: Outlook, j: number): number {
  return fromAge + (work[j]! - work[fromTask]!) * pace;
}

/**
 * Plans the rest of this life: a dynamic programme backwards over the tasks, with survival by the curve. A
 * failure with base j costs D + the exponential chain's value from j. Time worked until then is the same on
 * every path and is left out of the comparison.
 */
export function solveOutlook(model: Model, task: number, age: number, pace: number, out: Outlook): void {
  const { taskSeconds, checkpointSeconds, feeSeconds } = model.chain;
  const { survival, extra, least, ahead } = out;
  const last = taskSeconds.length - 1;
  Object.assign(out, { fromTask: task, fromAge: age, pace });
  for (let j = task; j <= last; j++) survival[j] = survivalAt(model.curve, plannedAge(out, j));
  ahead[last] = extra[last] = least[last] = 0;
  let worked = 0;
  for (let j = last - 1; j >= task; j--) {
    const here = survival[j]!;
    worked += (taskSeconds[j + 1]! * (here + survival[j + 1]!)) / 2;
    least[j] = least[j + 1]! + (here - survival[j + 1]!) * (out.work[last]! - out.work[j]!);
    const cost = cheapest(out, j, model.restartSeconds + model.values.recovered[j + 1]!);
    extra[j] = cost + (checkpointSeconds[j]! + feeSeconds[j]!) * here;
    ahead[j] = here > 0 ? (cost + worked) / here : model.values.ahead[j + 1]!;
  }
}

/** min over the next checkpoint of P(dying before it) × loss + what follows. */
function cheapest({ survival, extra, least }: Outlook, j: number, loss: number): number {
  const here = survival[j]!;
  let best = Number.POSITIVE_INFINITY;
  for (let to = j + 1; to < survival.length; to++) {
    const lost = (here - survival[to]!) * loss;
    if (lost + least[to]! > best) break;
    best = Math.min(best, lost + extra[to]!);
  }
  return best;
}

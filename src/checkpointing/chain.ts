/** A chain of tasks: index i is task i, the checkpoint after it, and the recovery from that checkpoint. */
export interface Chain {
  taskSeconds: Float64Array;
  checkpointSeconds: Float64Array;
  recoverySeconds: Float64Array;
  /** What a checkpoint costs besides time, in seconds' worth: money, or the price of scarce storage. */
  feeSeconds: Float64Array;
}

/** Values of the chain under exponential failures; index k + 1 stands for "the last checkpoint is k". */
export interface ChainValues {
  /** Expected seconds to the end, having just checkpointed task k (k = −1: the beginning). */
  ahead: Float64Array;
  /** Expected seconds to the end for a machine that has just come up and must recover from k first. */
  recovered: Float64Array;
  /** The task after which to checkpoint next; the last task stands for the end. */
  next: Int32Array;
}

/** Room for the values of a chain of n tasks. */
export function chainValues(n: number): ChainValues {
  const size = n + 1;
  return { ahead: new Float64Array(size), recovered: new Float64Array(size), next: new Int32Array(size) };
}

/**
 * The optimal checkpoints of a chain under exponential failures of rate λ that may strike tasks, checkpoints
 * and recoveries (Toueg & Babaoglu 1984; Robert, Vivien & Zaidouni 2012):
 * V(k) = min_j e^{λR_k}(1/λ + D)(e^{λ(W(k,j) + C_j)} − 1) + V(j). The end of the chain needs no checkpoint.
 *
 * @param rate failures a second, above 0
 */
export function solveChain(
  chain: Chain,
  rate: number,
  restartSeconds: number,
  out: ChainValues,
): ChainValues {
  const { taskSeconds, checkpointSeconds, recoverySeconds } = chain;
  const { ahead, recovered, next } = out;
  const n = taskSeconds.length;
  const unit = 1 / rate + restartSeconds;
  const growth = {
    task: taskSeconds.map((seconds) => grown(rate * seconds)),
    checkpoint: checkpointSeconds.map((seconds) => grown(rate * seconds)),
  };
  growth.checkpoint[n - 1] = 0;
  ahead[n] = 0;
  recovered[n] = 0;
  let remaining = 0;
  for (let k = n - 2; k >= -1; k--) {
    remaining += taskSeconds[k + 1]!;
    const recovery = grown(rate * (k < 0 ? 0 : recoverySeconds[k]!));
    next[k + 1] = cheapestNext(chain, growth, unit * (recovery + 1), k, remaining, ahead);
    // One recovery more in front, itself repeated until it succeeds: (1/λ + D)(e^{λR} − 1).
    recovered[k + 1] = ahead[k + 1]! + unit * recovery;
  }
  return out;
}

/** e^{λx} − 1 of each task and checkpoint; kept in this form, small exponents lose no digits. */
interface Growth {
  task: Float64Array;
  checkpoint: Float64Array;
}

/** Fills `ahead[k + 1]`, returns the j that attains it. */
function cheapestNext(
  { taskSeconds, feeSeconds }: Chain,
  { task, checkpoint }: Growth,
  scale: number,
  k: number,
  remaining: number,
  ahead: Float64Array,
): number {
  const last = taskSeconds.length - 1;
  let best = Number.POSITIVE_INFINITY;
  let next = last;
  let left = remaining;
  let worked = 0;
  for (let j = k + 1; j <= last; j++) {
    worked = Math.min(worked + task[j]! + worked * task[j]!, MOST_GROWTH);
    left -= taskSeconds[j]!;
    // Even free checkpoints could not make a later j cheaper than this.
    if (scale * worked + left > best) break;
    // Off the scale all are alike: the shortest stretch is the least hopeless.
    if (worked >= MOST_GROWTH && j > k + 1) break;
    const fee = j === last ? 0 : feeSeconds[j]!;
    const value = scale * (worked + checkpoint[j]! + worked * checkpoint[j]!) + fee + ahead[j + 1]!;
    if (value < best) {
      best = value;
      next = j;
    }
  }
  ahead[k + 1] = best;
  return next;
}

/** Held finite: a hopeless rate must not turn the comparison of two plans into ∞ − ∞. */
const MOST_GROWTH = 1e26;

function grown(x: number): number {
  return Math.min(Math.expm1(x), MOST_GROWTH);
}

/** The share of its work that the chain, begun at the beginning, spends on its planned checkpoints. */
export function plannedOverhead({ taskSeconds, checkpointSeconds }: Chain, { next }: ChainValues): number {
  const last = taskSeconds.length - 1;
  let spent = 0;
  for (let j = next[0]!; j < last; j = next[j + 1]!) spent += checkpointSeconds[j]!;
  return spent / taskSeconds.reduce((sum, t) => sum + t, 0);
}

import { chainValues, solveChain } from "../../src/checkpointing/chain.ts";
import { createDecider, type Decider } from "../../src/checkpointing/decider.ts";
import { simulate } from "../../src/checkpointing/simulate.ts";
import type { Case } from "./cases.ts";

/** A decider under a byte budget, and by how much its fullest pipeline was over it. */
export interface Budgeted extends Decider {
  overBudgetBytes(): number;
}

/** Ours, allowed half the bytes that it writes in a pipeline when it is free. */
export function oursHalved(subject: Case): Budgeted {
  return ours(subject, subject.checkpointBytes, half(subject));
}

/** Ours, allowed half the checkpoints that another policy makes in a pipeline. */
export function oursWithHalfOf(subject: Case, other: Decider): Budgeted {
  const each = new Float64Array(subject.checkpointBytes.length).fill(1);
  const { checkpoints } = simulate(subject, other);
  return ours(subject, each, Math.floor(checkpoints / subject.pipelines / 2));
}

/**
 * The dynamic programme told the true MTBF, with bytes priced just so high that its plan keeps to the bytes
 * that `oursHalved` is allowed.
 */
export function lagrangian(subject: Case): Budgeted {
  const { plan, checkpointBytes, mtbfSeconds, restartSeconds } = subject;
  const n = checkpointBytes.length;
  const values = chainValues(n);
  const budgetBytes = half(subject);
  const fits = (price: number) => {
    solveChain(
      { ...plan, feeSeconds: checkpointBytes.map((b) => b * price) },
      1 / mtbfSeconds,
      restartSeconds,
      values,
    );
    let bytes = 0;
    for (let j = values.next[0]!; j < n - 1; j = values.next[j + 1]!) bytes += checkpointBytes[j]!;
    return bytes <= budgetBytes;
  };
  let [low, high] = [1e-15, 1e9];
  for (let step = 0; step < 60 && !fits(low); step++) {
    const middle = Math.sqrt(low * high);
    if (fits(middle)) high = middle;
    else low = middle;
    if (step === 59) fits(high);
  }
  const decider = {
    start() {},
    boundary: (at: { task: number; lastCheckpoint: number }) =>
      at.task === values.next[at.lastCheckpoint + 1],
    failed() {},
  };
  return watched(decider, checkpointBytes, budgetBytes);
}

const halves = new WeakMap<Case, number>();

function half(subject: Case): number {
  const known = halves.get(subject);
  if (known !== undefined) return known;
  const free = watched(
    createDecider({ strategy: "adaptive", restartSeconds: subject.restartSeconds }),
    subject.checkpointBytes,
    0,
  );
  simulate(subject, free);
  const bytes = Math.floor(free.writtenBytes() / subject.pipelines / 2);
  halves.set(subject, bytes);
  return bytes;
}

function ours({ restartSeconds }: Case, checkpointBytes: Float64Array, budgetBytes: number): Budgeted {
  const decider = createDecider({ strategy: "adaptive", restartSeconds });
  const start: Decider["start"] = (plan) => decider.start({ ...plan, checkpointBytes, budgetBytes });
  return watched({ ...decider, start }, checkpointBytes, budgetBytes);
}

/** Counts bytes from outside: a checkpoint asked for is there if the next boundary says so, or there is none. */
function watched(
  inner: Decider,
  bytes: Float64Array,
  budgetBytes: number,
): Budgeted & { writtenBytes(): number } {
  let total = 0;
  let inPipeline = 0;
  let most = 0;
  let pending = -1;
  function settle(lastCheckpoint: number) {
    if (pending >= 0 && pending === lastCheckpoint) {
      total += bytes[pending]!;
      inPipeline += bytes[pending]!;
      most = Math.max(most, inPipeline);
    }
    pending = -1;
  }
  return {
    start(plan) {
      settle(pending);
      inPipeline = 0;
      inner.start(plan);
    },
    boundary(at) {
      settle(at.lastCheckpoint);
      const answer = inner.boundary(at);
      if (answer) pending = at.task;
      return answer;
    },
    failed: (uptimeSeconds) => inner.failed(uptimeSeconds),
    overBudgetBytes() {
      settle(pending);
      return most - budgetBytes;
    },
    writtenBytes() {
      settle(pending);
      return total;
    },
  };
}

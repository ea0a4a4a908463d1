import { describe, expect, test } from "vitest";
import { type Chain, chainValues, plannedOverhead, solveChain } from "../../src/checkpointing/chain.ts";
import { dalyInterval, youngInterval } from "../../src/checkpointing/intervals.ts";
import { simulate } from "../../src/checkpointing/simulate.ts";
import { randomStream } from "./support.ts";

function chainOf(taskSeconds: number[], checkpointSeconds: number[], recovery = 0): Chain {
  return {
    taskSeconds: Float64Array.from(taskSeconds),
    checkpointSeconds: Float64Array.from(checkpointSeconds),
    recoverySeconds: new Float64Array(taskSeconds.length).fill(recovery),
    feeSeconds: new Float64Array(taskSeconds.length),
  };
}

/** The least expected time over all 2^(n − 1) sets of checkpoints, by the formula. */
function exhaustive(chain: Chain, rate: number, restart: number): number {
  const n = chain.taskSeconds.length;
  let best = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** (n - 1); set++) {
    let total = 0;
    let k = -1;
    for (let j = 0; j < n; j++) {
      if (j < n - 1 && !((set >> j) & 1)) continue;
      let seconds = j < n - 1 ? chain.checkpointSeconds[j]! : 0;
      for (let i = k + 1; i <= j; i++) seconds += chain.taskSeconds[i]!;
      const recovery = k < 0 ? 0 : chain.recoverySeconds[k]!;
      total += Math.exp(rate * recovery) * (1 / rate + restart) * Math.expm1(rate * seconds);
      k = j;
    }
    best = Math.min(best, total);
  }
  return best;
}

describe("the chain under exponential failures", () => {
  test("is solved to the optimum over all plans", () => {
    const random = randomStream(1);
    for (let round = 0; round < 40; round++) {
      const tasks = Array.from({ length: 9 }, () => random() * 20);
      const costs = Array.from({ length: 9 }, () => random() * 5);
      const chain = chainOf(tasks, costs, random() * 5);
      const rate = 10 ** (-3 + 2.5 * random());
      const { ahead } = solveChain(chain, rate, 3, chainValues(9));
      expect(ahead[0]! / exhaustive(chain, rate, 3)).toBeCloseTo(1, 9);
    }
  });

  test("expects what simulation shows", () => {
    const chain = chainOf(new Array(30).fill(10), new Array(30).fill(2), 3);
    const values = solveChain(chain, 1 / 100, 5, chainValues(30));
    const random = randomStream(2);
    const gaps = Float64Array.from({ length: 50_000 }, () => -100 * Math.log(1 - random()));
    const decider = {
      start() {},
      boundary: (at: { task: number; lastCheckpoint: number }) =>
        at.task === values.next[at.lastCheckpoint + 1],
      failed() {},
    };
    const run = simulate({ plan: chain, gaps, offset: 0, restartSeconds: 5, pipelines: 8000 }, decider);
    expect(run.totalSeconds / 8000 / values.ahead[0]!).toBeCloseTo(1, 1);
  });

  test("stays finite at a hopeless rate, and checkpoints wherever it can", () => {
    const chain = chainOf([1e6, 1e6, 1e6], [1, 1, 1]);
    const { ahead, next } = solveChain(chain, 1, 0, chainValues(3));
    expect(ahead.every(Number.isFinite)).toBe(true);
    expect([...next.slice(0, 3)]).toEqual([0, 1, 2]);
  });

  test("knows what share its checkpoints take", () => {
    const chain = chainOf([10, 10, 10, 10], [1, 1, 1, 1]);
    expect(plannedOverhead(chain, solveChain(chain, 1e-9, 0, chainValues(4)))).toBe(0);
    expect(plannedOverhead(chain, solveChain(chain, 1, 0, chainValues(4)))).toBeCloseTo(3 / 40);
  });
});

test("Young's and Daly's intervals", () => {
  expect(youngInterval(50, 10_000)).toBe(1000);
  expect(dalyInterval(50, 10_000)).toBeCloseTo(1000 * (1 + 0.05 / 3 + 0.0025 / 9) - 50, 6);
  expect(dalyInterval(300, 100)).toBe(100);
});

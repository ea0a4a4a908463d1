import { describe, expect, test } from "vitest";
import { type Chain, chainValues, solveChain } from "../../src/checkpointing/chain.ts";
import { createDecider, type Decider } from "../../src/checkpointing/decider.ts";
import { overhead, type Scenario, simulate } from "../../src/checkpointing/simulate.ts";
import { randomStream, weibullGaps } from "./support.ts";

const RESTART = 30;

function chain(n: number, seconds: number, cost: number, seed = 1): Chain {
  const random = randomStream(seed);
  return {
    taskSeconds: Float64Array.from({ length: n }, () => seconds * (0.5 + random())),
    checkpointSeconds: Float64Array.from({ length: n }, () => cost * (0.5 + random())),
    recoverySeconds: new Float64Array(n).fill(cost),
    feeSeconds: new Float64Array(n),
  };
}

function told(plan: Chain, mtbf: number): Decider {
  const { next } = solveChain(plan, 1 / mtbf, RESTART, chainValues(plan.taskSeconds.length));
  return { start() {}, boundary: (at) => at.task === next[at.lastCheckpoint + 1], failed() {} };
}

/** Geometric mean over seeds of our overhead over that of the optimum that is told the true MTBF. */
function ratio(
  shape: number,
  options: { prior?: number; skip?: number; noise?: Scenario["noise"] } = {},
): number {
  let sum = 0;
  const seeds = [1, 2, 3, 4, 5, 6];
  for (const seed of seeds) {
    const plan = chain(100, 60, 20, seed);
    const gaps = weibullGaps(300, shape, 6000, seed);
    const scenario: Scenario = { plan, gaps, offset: 0, restartSeconds: RESTART, pipelines: 150 };
    if (options.skip) scenario.skipFailures = options.skip;
    if (options.noise) scenario.noise = options.noise;
    const priorMtbfSeconds = options.prior ?? 86_400;
    const ours = createDecider({ strategy: "adaptive", restartSeconds: RESTART, priorMtbfSeconds });
    sum += Math.log(overhead(simulate(scenario, ours)) / overhead(simulate(scenario, told(plan, 6000))));
  }
  return Math.exp(sum / seeds.length);
}

describe("the decider", () => {
  test("loses next to nothing against the optimum told the rate where failures are memoryless", () => {
    expect(ratio(1)).toBeLessThan(1.03);
  });

  test("wastes less than that optimum where machines die young", () => {
    expect(ratio(0.5)).toBeLessThan(0.97);
  });

  test("forgets a prior that is wrong tenfold within eight failures", () => {
    expect(ratio(1, { prior: 600, skip: 8 })).toBeLessThan(1.1);
    expect(ratio(1, { prior: 60_000, skip: 8 })).toBeLessThan(1.1);
  });

  test("bears durations other than planned", () => {
    const random = randomStream(9);
    const factors = Array.from({ length: 997 }, () => 0.3 - Math.log(1 - random()) * 0.7);
    expect(ratio(0.7, { noise: (p, i) => factors[(p * 31 + i) % 997]! })).toBeLessThan(1.03);
  });

  test("is the same for the same history", () => {
    const plan = chain(50, 60, 20);
    const scenario = {
      plan,
      gaps: weibullGaps(50, 0.7, 3000, 1),
      offset: 0,
      restartSeconds: 5,
      pipelines: 20,
    };
    const once = () => simulate(scenario, createDecider({ strategy: "adaptive", restartSeconds: 5 }));
    expect(once()).toEqual(once());
  });

  test("never asks for a checkpoint after the last task, or for a pipeline it was not told of", () => {
    const decider = createDecider({ strategy: "adaptive", restartSeconds: 1, priorMtbfSeconds: 1 });
    const at = { task: 1, lastCheckpoint: -1, uptimeSeconds: 1e5, sinceCheckpointSeconds: 1e5 };
    expect(decider.boundary(at)).toBe(false);
    decider.start({ taskSeconds: [5e4, 5e4], checkpointSeconds: [1, 1], recoverySeconds: [1, 1] });
    expect(decider.boundary(at)).toBe(false);
    expect(decider.boundary({ ...at, task: 0 })).toBe(true);
  });

  test("takes plans of any numbers: no tasks, tasks of no time, free and priceless checkpoints", () => {
    const decider = createDecider({ strategy: "adaptive", restartSeconds: 0 });
    const answers: boolean[] = [];
    for (const [t, c] of [
      [0, 0],
      [1e9, 0],
      [0, 1e9],
      [1e-9, 1e-9],
    ] as const) {
      for (const n of [0, 1, 3]) {
        const plan = {
          taskSeconds: new Array(n).fill(t),
          checkpointSeconds: new Array(n).fill(c),
          recoverySeconds: new Array(n).fill(c),
        };
        decider.start(plan);
        for (let task = 0; task < n; task++) {
          answers.push(
            decider.boundary({
              task,
              lastCheckpoint: -1,
              uptimeSeconds: t * (task + 1),
              sinceCheckpointSeconds: t,
            }),
          );
        }
        decider.failed(t);
      }
    }
    expect(answers.every((answer) => typeof answer === "boolean")).toBe(true);
  });
});

test("a plan may leave out the checkpoint after the last task", () => {
  const decider = createDecider({ strategy: "adaptive", restartSeconds: 1, priorMtbfSeconds: 100 });
  decider.start({ taskSeconds: [50, 50, 50], checkpointSeconds: [1, 1], recoverySeconds: [1, 1] });
  expect(
    decider.boundary({ task: 0, lastCheckpoint: -1, uptimeSeconds: 50, sinceCheckpointSeconds: 50 }),
  ).toBe(true);
});

describe("a byte budget", () => {
  const BYTES = 1000;

  function run(seed: number, budgetBytes: number | undefined) {
    const plan = chain(80, 60, 15, seed);
    const random = randomStream(seed + 50);
    const checkpointBytes = Float64Array.from({ length: 80 }, () => Math.round(BYTES * (0.5 + random())));
    const gaps = weibullGaps(400, 1, 4000, seed);
    const budget = budgetBytes === undefined ? {} : { checkpointBytes, budgetBytes };
    const scenario: Scenario = {
      plan: { ...plan, ...budget },
      gaps,
      offset: 0,
      restartSeconds: RESTART,
      pipelines: 60,
    };
    const ours = createDecider({ strategy: "adaptive", restartSeconds: RESTART, priorMtbfSeconds: 4000 });
    return { plan, checkpointBytes, scenario, ours };
  }

  /** The DP with bytes priced so that its plan writes no more than ours may: the best there is. */
  function lagrangian(plan: Chain, bytes: Float64Array, budgetBytes: number): Decider {
    const n = bytes.length;
    const values = chainValues(n);
    for (let price = 1e-4; ; price *= 1.01) {
      const priced = { ...plan, feeSeconds: bytes.map((b) => b * price) };
      solveChain(priced, 1 / 4000, RESTART, values);
      let sum = 0;
      for (let j = values.next[0]!; j < n - 1; j = values.next[j + 1]!) sum += bytes[j]!;
      if (sum <= budgetBytes) break;
    }
    return { start() {}, boundary: (at) => at.task === values.next[at.lastCheckpoint + 1], failed() {} };
  }

  test("that halves the checkpoints costs at most 5 % over the Lagrangian optimum, and is never exceeded", () => {
    let sum = 0;
    const seeds = [1, 2, 3, 4, 5];
    for (const seed of seeds) {
      const free = run(seed, undefined);
      const written = simulate(free.scenario, free.ours).checkpoints / free.scenario.pipelines;
      const budgetBytes = Math.round((written / 2) * BYTES);
      const { plan, checkpointBytes, scenario, ours } = run(seed, budgetBytes);
      const watched = watchBytes(ours, checkpointBytes);
      const mine = overhead(simulate(scenario, watched.decider));
      expect(watched.most()).toBeLessThanOrEqual(budgetBytes);
      sum += Math.log(mine / overhead(simulate(scenario, lagrangian(plan, checkpointBytes, budgetBytes))));
    }
    expect(Math.exp(sum / seeds.length)).toBeLessThan(1.05);
  });

  /** The most bytes written in one pipeline, as told by the boundaries. */
  function watchBytes(inner: Decider, bytes: Float64Array) {
    let written = 0;
    let last = -1;
    let most = 0;
    const decider: Decider = {
      start(plan) {
        written = 0;
        last = -1;
        inner.start(plan);
      },
      boundary(at) {
        if (at.lastCheckpoint !== last) {
          written += bytes[at.lastCheckpoint]!;
          last = at.lastCheckpoint;
        }
        most = Math.max(most, written);
        return inner.boundary(at);
      },
      failed: (uptime) => inner.failed(uptime),
    };
    return { decider, most: () => most };
  }

  test("is used up even where checkpoints cost no time", () => {
    const { scenario } = run(1, 10 * BYTES);
    const plan = {
      ...scenario.plan,
      checkpointSeconds: new Float64Array(80),
      checkpointBytes: new Float64Array(80).fill(BYTES),
    };
    const ours = createDecider({ strategy: "adaptive", restartSeconds: RESTART, priorMtbfSeconds: 4000 });
    const { checkpoints } = simulate({ ...scenario, plan, pipelines: 10 }, ours);
    expect(checkpoints).toBeGreaterThan(60);
    expect(checkpoints).toBeLessThanOrEqual(100);
  });

  test("of nothing allows nothing", () => {
    const { scenario, ours } = run(1, 0);
    expect(simulate({ ...scenario, pipelines: 2 }, ours).checkpoints).toBe(0);
  });
});

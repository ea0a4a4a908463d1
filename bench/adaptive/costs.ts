import { createDecider } from "../../src/checkpointing/decider.ts";
import { createPredictor } from "../../src/checkpointing/hazard/predictor.ts";
import {
  addProfiles,
  checkpointTook,
  machineDied,
  machineLeft,
  type Profile,
  recoveryTook,
  taskTook,
} from "../../src/checkpointing/profile.ts";
import { simulate } from "../../src/checkpointing/simulate.ts";
import { evaluate } from "../../src/checkpointing/strategies.ts";
import type { Check } from "./checks.ts";
import { randomStream } from "./random.ts";

const TASKS = 1000;
const MEAN_GAP_SECONDS = 20_000;
const PIPELINES = 20;

/** What decisions and profiles cost: time of single decisions, and bytes. */
export function costs(): Check[] {
  const [decisions, resolves] = decisionTimes();
  const checks = [
    { what: `decide, ${TASKS} tasks: p50 (ms)`, value: at(decisions, 0.5), limit: Number.NaN },
    { what: `decide, ${TASKS} tasks: p99 (ms)`, value: at(decisions, 0.99), limit: 0.2 },
    { what: `decide, ${TASKS} tasks: p99.9 (ms)`, value: at(decisions, 0.999), limit: Number.NaN },
    { what: `decide, ${TASKS} tasks: max (ms)`, value: at(decisions, 1), limit: Number.NaN },
    { what: `re-solve after a failure, ${TASKS} tasks: median (ms)`, value: at(resolves, 0.5), limit: 5 },
    { what: "evaluate: p99 (ms)", value: at(evaluationTimes(), 0.99), limit: 0.2 },
    { what: "profile of 20,000 pipelines (bytes of JSON)", value: profileBytes(20_000), limit: 2048 },
  ];
  return checks;
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)]!;
}

/** Milliseconds of single decisions in pipelines of 1,000 tasks, sorted; and of those first after a failure. */
function decisionTimes(): [Float64Array, Float64Array] {
  const random = randomStream(1);
  const exponential = () => -Math.log(1 - random());
  const seconds = Float64Array.from({ length: TASKS }, () => 40 * exponential() + 1);
  const cost = new Float64Array(TASKS).fill(30);
  const gaps = Float64Array.from({ length: 500 }, () => MEAN_GAP_SECONDS * exponential() ** 1.4 + 1);
  const plan = { taskSeconds: seconds, checkpointSeconds: cost, recoverySeconds: cost };
  const decider = createDecider({ strategy: "adaptive", restartSeconds: 30 });
  const times: number[] = [];
  const resolves: number[] = [];
  let died = false;
  const boundary: typeof decider.boundary = (situation) => {
    const from = performance.now();
    const answer = decider.boundary(situation);
    const took = performance.now() - from;
    times.push(took);
    if (died) resolves.push(took);
    died = false;
    return answer;
  };
  const failed: typeof decider.failed = (uptimeSeconds) => {
    died = true;
    decider.failed(uptimeSeconds);
  };
  simulate(
    { plan, gaps, offset: 0, restartSeconds: 30, pipelines: PIPELINES },
    { ...decider, boundary, failed },
  );
  return [Float64Array.from(times.slice(TASKS)).sort(), Float64Array.from(resolves).sort()];
}

/** Milliseconds of `evaluate`, sorted; every hundredth has first learned of another failure. */
function evaluationTimes(): Float64Array {
  const random = randomStream(2);
  const predictor = createPredictor(MEAN_GAP_SECONDS);
  return Float64Array.from({ length: 20_000 }, (_, i) => {
    if (i % 100 === 0) predictor.failed(2 * MEAN_GAP_SECONDS * random());
    const sinceCheckpointSeconds = 5000 * random();
    const task = { name: "t", seconds: 1000 * random(), fanOut: i % 9 };
    const from = performance.now();
    evaluate(
      { minIntervalSeconds: 10 },
      { sinceCheckpointSeconds, task },
      { curve: predictor.curve(), uptimeSeconds: 1e5 * random(), checkpointCostSeconds: 20 * random() },
    );
    return performance.now() - from;
  }).sort();
}

/** Bytes of a kind's profile to which every pipeline added one of each sort, of all lengths. */
function profileBytes(pipelines: number): number {
  const random = randomStream(3);
  const profile: Profile = {};
  for (let i = 0; i < pipelines; i++) {
    const seconds = 10 ** (8 * random());
    const increment = addProfiles(
      machineDied(seconds),
      machineLeft(seconds),
      checkpointTook(1e9 * random(), seconds),
      recoveryTook(seconds),
      taskTook(`task ${i}`, seconds),
    );
    for (const [name, value] of Object.entries(increment)) profile[name] = (profile[name] ?? 0) + value;
  }
  return JSON.stringify(profile).length;
}

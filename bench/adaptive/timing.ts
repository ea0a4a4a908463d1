import { createDecider } from "../../src/checkpointing/decider.ts";
import { simulate } from "../../src/checkpointing/simulate.ts";
import { randomStream } from "./random.ts";

const TASKS = 1000;
const MEAN_GAP_SECONDS = 20_000;

/** Milliseconds of single decisions in pipelines of 1,000 tasks, sorted; the slowest are solved anew. */
export function decisionTimes(pipelines: number): Float64Array {
  const random = randomStream(1);
  const exponential = () => -Math.log(1 - random());
  const seconds = Float64Array.from({ length: TASKS }, () => 40 * exponential() + 1);
  const cost = new Float64Array(TASKS).fill(30);
  const gaps = Float64Array.from({ length: 500 }, () => MEAN_GAP_SECONDS * exponential() ** 1.4 + 1);
  const plan = { taskSeconds: seconds, checkpointSeconds: cost, recoverySeconds: cost };
  const decider = createDecider({ strategy: "adaptive", restartSeconds: 30 });
  const times: number[] = [];
  const boundary: typeof decider.boundary = (at) => {
    const from = performance.now();
    const answer = decider.boundary(at);
    times.push(performance.now() - from);
    return answer;
  };
  simulate({ plan, gaps, offset: 0, restartSeconds: 30, pipelines }, { ...decider, boundary });
  return Float64Array.from(times.slice(TASKS)).sort();
}

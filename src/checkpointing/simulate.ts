import type { Boundary, Decider, PipelinePlan } from "./decider.ts";

/** What is simulated: pipelines back to back on machines that die after the given gaps of uptime. */
export interface Scenario {
  plan: PipelinePlan;
  /** Uptimes (s) after which machines die, in order; the series begins anew at its end. */
  gaps: ArrayLike<number>;
  /** Index of the first gap. */
  offset: number;
  /** Downtime (s) after each failure; nothing can fail in it. */
  restartSeconds: number;
  pipelines: number;
  /** What a task's planned seconds are multiplied with, by pipeline and task; the plan is exact without it. */
  noise?: (pipeline: number, task: number) => number;
  /** Counting begins with the first pipeline that starts after so many failures. @default 0 */
  skipFailures?: number;
  /** The run is given up after so many seconds; what was not done is counted as done. @default never */
  giveUpSeconds?: number;
}

/** What a run cost. */
export interface Outcome {
  totalSeconds: number;
  /** Useful seconds: what the run would take on a machine that never dies, without checkpoints. */
  workSeconds: number;
  checkpoints: number;
  failures: number;
  boundaries: number;
  /** The run was given up: the overhead would be more than it says. */
  gaveUp: boolean;
}

/** Overhead of a run: seconds that were not useful work, as a share of the work. */
export function overhead({ totalSeconds, workSeconds }: Outcome): number {
  return totalSeconds / workSeconds - 1;
}

/** The machine a run is on, and what it has cost so far. */
interface Machine {
  next: number;
  gap: number;
  uptime: number;
  now: number;
  failures: number;
}

/**
 * Runs the pipelines of a scenario under a decider. Failures strike tasks, checkpoints and recoveries; a
 * checkpoint counts when it is complete; after the last task none is asked for. Uptime goes on across
 * pipelines.
 */
export function simulate(scenario: Scenario, decider: Decider): Outcome {
  const { gaps, offset, pipelines, skipFailures = 0, giveUpSeconds = Number.POSITIVE_INFINITY } = scenario;
  const next = offset % gaps.length;
  const machine: Machine = { next, gap: gaps[next]!, uptime: 0, now: 0, failures: 0 };
  const out: Outcome = {
    totalSeconds: 0,
    workSeconds: 0,
    checkpoints: 0,
    failures: 0,
    boundaries: 0,
    gaveUp: false,
  };
  let countedFrom = 0;
  for (let p = 0; p < pipelines; p++) {
    if (machine.failures < skipFailures) {
      countedFrom = machine.now;
      Object.assign(out, { workSeconds: 0, checkpoints: 0 });
    }
    decider.start(scenario.plan);
    out.workSeconds += workOf(scenario, p);
    if (!out.gaveUp) runPipeline(scenario, p, decider, machine, out, giveUpSeconds);
  }
  out.totalSeconds = machine.now - countedFrom;
  out.failures = machine.failures;
  return out;
}

function runPipeline(
  { plan, gaps, restartSeconds, noise }: Scenario,
  pipeline: number,
  decider: Decider,
  machine: Machine,
  out: Outcome,
  giveUpSeconds: number,
): void {
  const { taskSeconds, checkpointSeconds, recoverySeconds } = plan;
  const last = taskSeconds.length - 1;
  const at: Boundary = { task: 0, lastCheckpoint: -1, uptimeSeconds: 0, sinceCheckpointSeconds: 0 };
  let since = 0;
  let task = 0;
  while (task <= last) {
    const planned = taskSeconds[task]!;
    const seconds = noise ? planned * noise(pipeline, task) : planned;
    let alive = pass(machine, seconds);
    since += seconds;
    if (alive && task < last) {
      at.task = task;
      at.uptimeSeconds = machine.uptime;
      at.sinceCheckpointSeconds = since;
      out.boundaries++;
      if (decider.boundary(at)) {
        alive = pass(machine, checkpointSeconds[task]!);
        if (alive) {
          out.checkpoints++;
          at.lastCheckpoint = task;
          since = 0;
        }
      }
    }
    task++;
    while (!alive) {
      die(machine, gaps, restartSeconds, decider);
      if (machine.now > giveUpSeconds) {
        out.gaveUp = true;
        return;
      }
      const base = at.lastCheckpoint;
      alive = pass(machine, base < 0 ? 0 : recoverySeconds[base]!);
      task = base + 1;
      since = 0;
    }
  }
}

/** Lets so many seconds of uptime pass; false: the machine dies in them. */
function pass(machine: Machine, seconds: number): boolean {
  const lived = machine.gap - machine.uptime;
  const alive = seconds <= lived;
  machine.now += alive ? seconds : lived;
  machine.uptime += alive ? seconds : lived;
  return alive;
}

function die(machine: Machine, gaps: ArrayLike<number>, restartSeconds: number, decider: Decider): void {
  decider.failed(machine.gap);
  machine.failures++;
  machine.now += restartSeconds;
  machine.next = machine.next + 1 < gaps.length ? machine.next + 1 : 0;
  machine.gap = gaps[machine.next]!;
  machine.uptime = 0;
}

function workOf({ plan: { taskSeconds }, noise }: Scenario, pipeline: number): number {
  let seconds = 0;
  for (let i = 0; i < taskSeconds.length; i++) {
    seconds += noise ? taskSeconds[i]! * noise(pipeline, i) : taskSeconds[i]!;
  }
  return seconds;
}

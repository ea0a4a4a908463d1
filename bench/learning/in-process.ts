import { createDecider } from "../../src/checkpointing/decider.ts";
import { createPredictor } from "../../src/checkpointing/hazard/predictor.ts";
import { Machine, type Outcome, outcome, type Scene } from "./machine.ts";

/** The decider in one process that is told everything at once, and forgets nothing. */
export function inProcess(scene: Scene): Outcome {
  const { taskSeconds, checkpointSeconds: cost, recoverySeconds, restartSeconds } = scene;
  const predictor = createPredictor(86_400);
  const decider = createDecider({ strategy: "adaptive", restartSeconds: 30, predictor });
  const of = (seconds: number) => taskSeconds.map(() => seconds);
  const plan = { taskSeconds, checkpointSeconds: of(cost), recoverySeconds: of(recoverySeconds) };
  const machine = new Machine();
  let checkpoints = 0;

  /** One machine's part of a pipeline. @returns the task after which its last checkpoint is, or null at the end */
  function attempt(from: number): number | null {
    let last = from;
    let since = 0;
    if (from >= 0 && !machine.pass(recoverySeconds)) return last;
    for (let task = from + 1; task < taskSeconds.length; task++) {
      if (!machine.pass(taskSeconds[task]!)) return last;
      since += taskSeconds[task]!;
      const place = {
        task,
        lastCheckpoint: last,
        uptimeSeconds: machine.uptime,
        sinceCheckpointSeconds: since,
      };
      if (!decider.boundary(place)) continue;
      if (!machine.pass(cost)) return last;
      checkpoints++;
      last = task;
      since = 0;
    }
    // The end is saved as well.
    return machine.pass(cost) ? null : last;
  }

  for (let pipeline = 0; pipeline < scene.pipelines; pipeline++) {
    decider.start(plan);
    let last: number | null = -1;
    for (let life = 0; last !== null; life++) {
      machine.start(scene.life(pipeline, life));
      last = attempt(last);
      if (last === null) predictor.survived(machine.uptime);
      else decider.failed(machine.uptime);
      machine.rest(last === null ? 0 : restartSeconds);
    }
  }
  return outcome(scene, machine, checkpoints);
}

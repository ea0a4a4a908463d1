import { randomStream } from "../adaptive/random.ts";

/** The plan of every pipeline, and how machines die: Weibull lives, the same for the same pipeline and attempt. */
export interface Scene {
  taskSeconds: readonly number[];
  checkpointSeconds: number;
  recoverySeconds: number;
  /** Downtime (s) until another machine goes on. */
  restartSeconds: number;
  pipelines: number;
  /** How long the machine lives (s) that does this attempt of this pipeline. */
  life(pipeline: number, attempt: number): number;
}

const SHAPE = 0.7;
const MTBF_SECONDS = 3600;
const TASKS = 60;
/** Of a pipeline's work: mean time between failures. */
const WORK = 3;

export function scene(pipelines: number, seed: number): Scene {
  const random = randomStream(seed);
  const raw = Array.from({ length: TASKS }, () => Math.exp(random() * 2));
  const scale = (WORK * MTBF_SECONDS) / raw.reduce((sum, each) => sum + each, 0);
  return {
    taskSeconds: raw.map((each) => each * scale),
    ...{ checkpointSeconds: 36, recoverySeconds: 36, restartSeconds: 90, pipelines },
    life(pipeline, attempt) {
      const uniform = randomStream(seed * 7919 + pipeline * 1009 + attempt)();
      // Γ(1 + 1/0.7) = 1.2658: the mean of a Weibull of this shape and scale 1.
      return (MTBF_SECONDS / 1.2658) * (-Math.log(1 - uniform)) ** (1 / SHAPE);
    },
  };
}

/** Time as it passes for whoever works: machines live on it, and die. */
export class Machine {
  now = 0;
  deaths = 0;
  #diesAt = Number.POSITIVE_INFINITY;
  #startedAt = 0;

  /** A fresh one. */
  start(life: number): void {
    this.#startedAt = this.now;
    this.#diesAt = this.now + life;
  }

  get uptime(): number {
    return this.now - this.#startedAt;
  }

  /** Lets time pass; false: it died in it. */
  pass(seconds: number): boolean {
    if (this.now === this.#diesAt) return false;
    const alive = this.now + seconds < this.#diesAt;
    this.now = Math.min(this.now + seconds, this.#diesAt);
    if (!alive) this.deaths++;
    return alive;
  }

  /** Time in which nothing runs. */
  rest(seconds: number): void {
    this.#diesAt = Number.POSITIVE_INFINITY;
    this.now += seconds;
  }
}

export interface Outcome {
  /** All that was not useful work, as a share of it. */
  overhead: number;
  checkpoints: number;
  deaths: number;
}

export function outcome({ taskSeconds, pipelines }: Scene, machine: Machine, checkpoints: number): Outcome {
  const work = pipelines * taskSeconds.reduce((sum, each) => sum + each, 0);
  return { overhead: machine.now / work - 1, checkpoints, deaths: machine.deaths };
}

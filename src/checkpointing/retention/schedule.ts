import { CYCLES, type Cycle } from "./cycles.ts";

/** When a slot is filled, and with which earlier steps it is kept. Steps are numbered through from time 1. */
export interface Schedule {
  /** The last step at or before a time; -Infinity at 0. */
  stepOf(time: number): number;
  timeOf(step: number): number;
  /** Whether the slot filled at `earlier` is still kept when `step` has been filled. */
  wants(step: number, earlier: number): boolean;
}

/**
 * A stored cycle for 3 to 16 slots. Beyond, none is needed: geometric times, and of all checkpoints the one goes whose
 * neighbours are closest.
 */
export function scheduleFor(k: number): Schedule {
  const cycle = CYCLES[k];
  if (cycle === undefined) return cyclic([1], 1 + RATE / (k + 1), () => true);
  return cyclic(cycle.times, cycle.growth, ages(k, cycle));
}

/**
 * A step comes 1 + RATE/(k + 1) times later than the one before. Of the rates tried this one serves all k best:
 * discrepancy ≤ 1.521 for k = 17…59, ≤ 1.493 for k = 60…300.
 */
const RATE = 1.5;

/** Times `at`, repeated for ever, `growth` times longer each round. `keeps` is asked for a phase and an age in steps. */
function cyclic(
  at: readonly number[],
  growth: number,
  keeps: (phase: number, age: number) => boolean,
): Schedule {
  const phaseOf = (step: number) => step - at.length * Math.floor(step / at.length);
  return {
    stepOf(time) {
      // A time computed as growth ** n may come out a hair below itself; it is that step all the same.
      const round = Math.floor(Math.log(time) / Math.log(growth) + 1e-9);
      const rest = (time / growth ** round) * (1 + 1e-9);
      return round * at.length + at.findLastIndex((each) => each <= rest);
    },
    timeOf: (step) => at[phaseOf(step)]! * growth ** Math.floor(step / at.length),
    wants: (step, earlier) => keeps(phaseOf(step), step - earlier),
  };
}

/**
 * The ages (in steps) kept after each phase. How long a slot is kept depends on its own step alone, and one of those
 * from before the start goes in each round at least, so after k rounds none of them is left and all repeats itself.
 */
function ages(k: number, { drops }: Cycle): (phase: number, age: number) => boolean {
  const kept: Set<number>[] = [];
  let steps = Array.from({ length: k }, (_, index) => index - k);
  for (let step = 0; step <= k * drops.length; step++) {
    const phase = step % drops.length;
    steps = [...steps, step].toSpliced(k - drops[phase]!, 1);
    kept[phase] = new Set(steps.map((each) => step - each));
  }
  return (phase, age) => kept[phase]!.has(age);
}

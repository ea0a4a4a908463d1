import { type Schedule, scheduleFor } from "./retention/schedule.ts";

/** Keeps k checkpoints spread over a pipeline's whole past while it goes on. Pure: everything is in the arguments. */
export interface Thinner {
  /** The next time, after this one, at which a checkpoint is worth a slot: for callers that choose their times. */
  next(after: number): number;
  /**
   * Which checkpoint to drop, as an index into `times`, or null while at most k of them are not protected. After
   * one arrival at most one goes; drop again until null when there are more. The newest may be the answer: it
   * came too soon after the one before it. Who must keep it protects it, until a newer one verifies.
   * @param times of the checkpoints kept, ascending, ≥ 0 since the pipeline began: seconds or sequence numbers
   * @param isProtected true for an index that must stay; these are kept on top of the k slots
   */
  drop(times: readonly number[], isProtected?: (index: number) => boolean): number | null;
}

/**
 * Online retention with k slots. As measured for k = 3…300: from k + 1 times the first checkpoint's time on, no gap
 * between neighbours (nor 0 to the first, nor the last to now, T) is longer than 1.54 T/(k + 1) when checkpoints come
 * at `next`, or longer by about one spacing of the arrivals when they come by themselves. Where arrivals are sparser
 * than the slots nothing can keep a bound; the schedule is found again from the times alone.
 * @throws RangeError unless k is a whole number of at least 1
 */
export function thinner(k: number): Thinner {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`cannot keep ${k} checkpoints`);
  const schedule = scheduleFor(k);
  return {
    next: (after) => schedule.timeOf(schedule.stepOf(after) + 1),
    drop(times, isProtected = () => false) {
      const free = [...times.keys()].filter((index) => !isProtected(index));
      return free.length <= k ? null : closest(times, candidates(schedule, times, free));
    },
  };
}

/** (longest gap between neighbours, 0 and now included) · (slots + 1) ÷ now: 1 is an even spread, 2 twice its gap. */
export function discrepancy(times: readonly number[], now: number, slots: number = times.length): number {
  const gaps = [...times, now].map((time, index) => time - (times[index - 1] ?? 0));
  return (Math.max(...gaps) * (slots + 1)) / now;
}

/** Those that came in the step of the one before them; else those the schedule has no more use for; else all. */
function candidates(schedule: Schedule, times: readonly number[], free: number[]): number[] {
  const steps = times.map(schedule.stepOf);
  const repeated = free.filter((index) => steps[index] === steps[index - 1]);
  if (repeated.length > 0) return repeated;
  const newest = times.length - 1;
  const older = free.filter((index) => index !== newest);
  const useless = older.filter((index) => !schedule.wants(steps[newest]!, steps[index]!));
  return useless.length > 0 ? useless : older;
}

/** The index whose neighbours are closest together: dropping it leaves the shortest gap. */
function closest(times: readonly number[], indices: number[]): number {
  const gap = (index: number) => (times[index + 1] ?? times[index]!) - (times[index - 1] ?? 0);
  return indices.reduce((best, index) => (gap(index) < gap(best) ? index : best));
}

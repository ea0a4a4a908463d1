import { discrepancy, thinner } from "../../src/checkpointing/retention.ts";

/** Arrivals for each doubling of age, where times are not chosen. */
export const PER_DOUBLING = 1000;

/** The largest discrepancy with k slots: at chosen times, at given ones, and of the control at those. */
export function measured(k: number): { chosen: number; given: number; control: number } {
  const { drop, next } = thinner(k);
  return {
    chosen: worst(k, drop, planned(next, 2 ** 60), 2 ** 30),
    given: worst(k, drop, dense(PER_DOUBLING, 14), 2 ** 7),
    control: worst(k, keepLast(k), dense(PER_DOUBLING, 8), 2 ** 7),
  };
}

/** Given the kept times with the newest arrival among them, the index that goes; null keeps all. */
export type Drop = (times: readonly number[]) => number | null;

/**
 * The largest discrepancy of k slots at any moment after `since`. The gap to now is longest just before the next
 * arrival, one between two checkpoints just after the one between them went.
 * @param arrivals ascending times
 */
export function worst(k: number, drop: Drop, arrivals: Iterable<number>, since: number): number {
  let kept: readonly number[] = [];
  let most = 0;
  for (const time of arrivals) {
    const next = settled([...kept, time], drop);
    if (time > since) most = Math.max(most, discrepancy(kept, time, k), discrepancy(next, time, k));
    kept = next;
  }
  return most;
}

function settled(kept: readonly number[], drop: Drop): readonly number[] {
  const index = drop(kept);
  return index === null ? kept : kept.toSpliced(index, 1);
}

/** Arrivals evenly spaced within each doubling of time, from 1 to 2 ** doublings. */
export function* dense(perDoubling: number, doublings: number): Generator<number> {
  for (let from = 1; from < 2 ** doublings; from *= 2) {
    for (let index = 0; index < perDoubling; index++) yield from * (1 + index / perDoubling);
  }
}

/** Arrivals at the times that the schedule itself asks for, from 1 on. */
export function* planned(next: (after: number) => number, until: number): Generator<number> {
  for (let time = 1; time < until; time = next(time)) yield time;
}

/** The control: keeps the last k, as `keepLast` does. */
export function keepLast(k: number): Drop {
  return (times) => (times.length > k ? 0 : null);
}

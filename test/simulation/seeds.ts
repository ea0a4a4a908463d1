import type { Plant } from "./run.ts";
import { simulate } from "./simulate.ts";

/** How many seeds a full run takes; another number with `CAIRN_SIMULATION_SEEDS`. */
export const SEEDS = Number(process.env.CAIRN_SIMULATION_SEEDS ?? 10_000);
/** The one seed that is to be looked at: `CAIRN_SIMULATION_SEED`. */
export const SEED = process.env.CAIRN_SIMULATION_SEED;
/** So many seeds are one test. */
export const A_TEST = 500;
/** Of one such test: the machine may be busy. */
export const TIMEOUT = 600_000;

const LAST_LINES = 40;

/** Where the tests of one half of all seeds begin. @param half 0 or 1 */
export function starts(half: 0 | 1): number[] {
  if (SEED !== undefined) return [];
  const tests = Math.ceil(SEEDS / A_TEST);
  const all = Array.from({ length: tests }, (_, i) => i * A_TEST);
  return all.filter((_, i) => i % 2 === half);
}

/** Runs seeds, and throws what went wrong with the first that shows anything, with the end of its trace. */
export async function expectNothing(from: number, end: number): Promise<void> {
  for (let seed = from; seed < end; seed++) {
    const { violation } = await simulate(seed);
    if (violation) throw new Error(await report(seed));
  }
}

async function report(seed: number): Promise<string> {
  const { violation, trace } = await simulate(seed, {}, true);
  const what = violation
    ? `invariant ${violation.invariant}: ${violation.message}`
    : "nothing the second time";
  return `seed ${seed}: ${what}\n${trace.slice(-LAST_LINES).join("\n")}`;
}

/** The whole trace of a seed, and what it came to. */
export async function replay(seed: number): Promise<string> {
  const { violation, trace } = await simulate(seed, {}, true);
  return [...trace, violation ? JSON.stringify(violation) : "no violation"].join("\n");
}

/** How many seeds it takes until a mistake is seen, and as what; null when it is not. */
export async function seedsToFind(
  plant: Plant,
  atMost: number,
): Promise<{ seeds: number; invariant: number; message: string } | null> {
  for (let seed = 0; seed < atMost; seed++) {
    const { violation } = await simulate(seed, plant);
    if (violation) return { seeds: seed + 1, ...violation };
  }
  return null;
}

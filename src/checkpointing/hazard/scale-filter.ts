import { CELLS, CELLS_PER_OCTAVE, YOUNGEST_SECONDS } from "./age-grid.ts";
import type { WeibullTable } from "./weibull.ts";

/** Cells of the age grid between two scales that are told apart: four scales a doubling. */
export const STRIDE = 4;
/** How many scales there are. */
export const SCALES = CELLS / STRIDE;

/**
 * One expert: gaps are Weibull of a known shape; their scale is not known and may move from gap to gap.
 * A Bayesian filter over the scales: `belief[s]` is the probability of scale s.
 */
export interface ScaleFilter {
  table: WeibullTable;
  /** Share of the belief that returns to the prior with each gap: the scale jumps. */
  jump: number;
  /** Share that moves to each neighbouring scale with each gap: the scale drifts. */
  drift: number;
  prior: Float64Array;
  belief: Float64Array;
}

/** A filter that believes its prior; `prior` is kept, not copied. */
export function scaleFilter(
  table: WeibullTable,
  prior: Float64Array,
  jump: number,
  drift: number,
): ScaleFilter {
  return { table, jump, drift, prior, belief: Float64Array.from(prior) };
}

/**
 * What is believed of the scale before anything was seen: heavy-tailed (Cauchy in the logarithm), so that
 * a wrong guess is forgotten within a few gaps.
 *
 * @param scaleSeconds the guess
 * @param halfWidthOctaves half of the belief lies within so many doublings of the guess
 */
export function scalePrior(scaleSeconds: number, halfWidthOctaves: number): Float64Array {
  const centre = (Math.log2(scaleSeconds / YOUNGEST_SECONDS) * CELLS_PER_OCTAVE) / STRIDE;
  const width = (halfWidthOctaves * CELLS_PER_OCTAVE) / STRIDE;
  const prior = Float64Array.from({ length: SCALES }, (_, s) => 1 / (1 + ((s - centre) / width) ** 2));
  const total = prior.reduce((sum, p) => sum + p, 0);
  return prior.map((p) => p / total);
}

/** What a life tells: it ended in this cell of the age grid, or went on beyond it; seen so many times. */
export interface Evidence {
  died: boolean;
  cell: number;
  times: number;
}

/** Learns from lives that are known together; returns the logarithm of the probability given to them before. */
export function learn(filter: ScaleFilter, { died, cell, times }: Evidence): number {
  const { belief, table } = filter;
  const likelihood = died ? table.mass : table.survival;
  const shift = cell + CELLS;
  // Relative to the likeliest scale, or a hundred lives at once would underflow to nothing.
  const most = likeliest(likelihood, shift);
  let total = 0;
  for (let s = 0; s < SCALES; s++) {
    const once = likelihood[shift - s * STRIDE]! / most;
    belief[s]! *= times === 1 ? once : once ** times;
    total += belief[s]!;
  }
  if (total > 0) for (let s = 0; s < SCALES; s++) belief[s]! /= total;
  else belief.set(filter.prior);
  return Math.log(Math.max(total, Number.MIN_VALUE)) + times * Math.log(most);
}

function likeliest(likelihood: Float64Array, shift: number): number {
  let most = 0;
  for (let s = 0; s < SCALES; s++) most = Math.max(most, likelihood[shift - s * STRIDE]!);
  return most;
}

/** Lets the scale move, as it may from one life to the next. */
export function move({ belief, prior, jump, drift }: ScaleFilter): void {
  const keep = 1 - jump;
  let before = 0;
  for (let s = 0; s < SCALES; s++) {
    const here = belief[s]!;
    const after = s + 1 < SCALES ? belief[s + 1]! : 0;
    belief[s] = jump * prior[s]! + keep * ((1 - 2 * drift) * here + drift * (before + after));
    before = here;
  }
}

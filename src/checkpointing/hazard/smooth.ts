import { CELLS } from "./age-grid.ts";
import {
  type Evidence,
  learn,
  move,
  SCALES,
  type ScaleFilter,
  STRIDE,
  scaleFilter,
  scalePrior,
} from "./scale-filter.ts";
import { type WeibullTable, weibullScale, weibullTable } from "./weibull.ts";
import { credit, equalWeights, shares, type Weights } from "./weights.ts";

/** Machines mostly die early (shapes up to 1, Schroeder & Gibson 2006); some wear out. */
const SHAPES = [0.5, 0.7, 1, 1.4];
/** How the scale may move between gaps: hardly, drifting, or jumping often. */
const MOVES = [
  { jump: 0.01, drift: 0 },
  { jump: 0.02, drift: 0.1 },
  { jump: 0.2, drift: 0.1 },
];
/** Half of the belief lies within a factor of four of the prior MTBF; the tails are heavy. */
const PRIOR_OCTAVES = 2;
const NEGLIGIBLE = 1e-6;

/** The smooth experts together: Weibull laws of several shapes, whose scale moves in several ways. */
export interface SmoothExperts {
  filters: ScaleFilter[];
  weights: Weights;
}

let tables: readonly WeibullTable[] | undefined;

/** The smooth experts before any failure. */
export function smoothExperts(priorMtbfSeconds: number, memory: number): SmoothExperts {
  tables ??= SHAPES.map(weibullTable);
  const filters = tables.flatMap((table) => {
    const prior = scalePrior(weibullScale(priorMtbfSeconds, table.shape), PRIOR_OCTAVES);
    return MOVES.map(({ jump, drift }) => scaleFilter(table, prior, jump, drift));
  });
  return { filters, weights: equalWeights(filters.length, memory) };
}

/**
 * Learns from lives; returns the logarithm of the probability that the experts together gave to them.
 *
 * @param recalled the lives are old, in no order: neither does the scale move, nor do scores age
 */
export function learnSmooth({ filters, weights }: SmoothExperts, lives: Evidence, recalled: boolean): number {
  const before = shares(weights);
  const logs = filters.map((filter) => learn(filter, lives));
  if (!recalled) filters.forEach(move);
  for (const [e, log] of logs.entries()) credit(weights, e, log, recalled ? 0 : lives.times);
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log, e) => sum + before[e]! * Math.exp(log - most), 0));
}

/** Writes the predictive survival at each knot to `out`: one belief per shape, then a sum over shifts. */
export function smoothCurve({ filters, weights }: SmoothExperts, out: Float64Array): void {
  const share = shares(weights);
  const coarse = new Float64Array(SCALES + 1);
  for (let e = 0; e < filters.length; e += MOVES.length) addShape(filters, share, e, coarse);
  for (let s = 0; s < SCALES; s++) {
    const step = (coarse[s + 1]! - coarse[s]!) / STRIDE;
    for (let d = 0; d < STRIDE; d++) out[s * STRIDE + d] = (coarse[s]! + step * d) / coarse[0]!;
  }
  out[CELLS] = coarse[SCALES]! / coarse[0]!;
}

function addShape(filters: ScaleFilter[], share: Float64Array, first: number, coarse: Float64Array): void {
  const { survival } = filters[first]!.table;
  for (let s = 0; s < SCALES; s++) {
    let belief = 0;
    for (let m = first; m < first + MOVES.length; m++) belief += share[m]! * filters[m]!.belief[s]!;
    if (belief < NEGLIGIBLE) continue;
    const shift = CELLS - s * STRIDE;
    for (let g = 0; g <= SCALES; g++) coarse[g]! += belief * survival[g * STRIDE + shift]!;
  }
}

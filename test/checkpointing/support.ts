import { CELLS, knots } from "../../src/checkpointing/hazard/age-grid.ts";
import { emptyCurve, integrate, type SurvivalCurve } from "../../src/checkpointing/hazard/curve.ts";

/** A seeded stream of numbers in [0, 1): mulberry32. */
export function randomStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Survival of a machine with a constant hazard. */
export function exponentialCurve(mtbfSeconds: number): SurvivalCurve {
  const curve = emptyCurve();
  for (let g = 0; g <= CELLS; g++) curve.survival[g] = Math.exp(-knots[g]! / mtbfSeconds);
  integrate(curve);
  return curve;
}

/** Gaps that are Weibull of this shape and mean about `mean`. */
export function weibullGaps(count: number, shape: number, mean: number, seed: number): Float64Array {
  const random = randomStream(seed);
  const raw = Float64Array.from({ length: count }, () => (-Math.log(1 - random())) ** (1 / shape));
  const scale = (mean * count) / raw.reduce((sum, gap) => sum + gap, 0);
  return raw.map((gap) => gap * scale);
}

import { CELLS, CELLS_PER_OCTAVE } from "./age-grid.ts";

/** A Weibull law on the age grid, whatever its scale: entry `CELLS + d` is for an age d cells above the scale. */
export interface WeibullTable {
  shape: number;
  survival: Float64Array;
  /** Mass of the cell that begins d cells above the scale. */
  mass: Float64Array;
}

/** One gap that a law holds impossible must not rule it out for ever. */
const LEAST_MASS = 1e-12;

/** Tabulates S(a) = exp(−(a/scale)^shape) by a/scale; on a logarithmic grid another scale is a mere shift. */
export function weibullTable(shape: number): WeibullTable {
  const survival = Float64Array.from({ length: 2 * CELLS + 2 }, (_, index) =>
    Math.exp(-(2 ** (((index - CELLS) * shape) / CELLS_PER_OCTAVE))),
  );
  const mass = Float64Array.from({ length: 2 * CELLS + 1 }, (_, index) =>
    Math.max(survival[index]! - survival[index + 1]!, LEAST_MASS),
  );
  return { shape, survival, mass };
}

/** The scale (s) of the Weibull law of this shape whose mean is `meanSeconds`. */
export function weibullScale(meanSeconds: number, shape: number): number {
  return meanSeconds / gamma(1 + 1 / shape);
}

/** Γ(x) for x ≥ 1: Stirling's series, shifted to where it is exact to nine digits. */
function gamma(x: number): number {
  if (x < 8) return gamma(x + 1) / x;
  const series = 1 / (12 * x) - 1 / (360 * x ** 3);
  return Math.sqrt((2 * Math.PI) / x) * Math.exp(x * Math.log(x) - x + series);
}

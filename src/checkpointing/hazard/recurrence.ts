import { CELLS } from "./age-grid.ts";

/**
 * One expert: gaps recur. A Dirichlet process over the cells of the age grid: what was seen before, each gap
 * blurred a little, against `concentration` gaps' worth of the smooth experts' opinion. It finds what no
 * smooth law can: machines reclaimed on the hour, limits of 24 h, outages that come in fixed lengths.
 */
export interface Recurrence {
  /** How many cells a gap is blurred to either side. */
  blur: number;
  /** What a gap's weight is multiplied with at each later gap; 1 forgets nothing. */
  memory: number;
  concentration: number;
  counts: Float64Array;
  total: number;
}

/** An expert that has seen nothing. */
export function recurrence(blur: number, memory: number, concentration: number): Recurrence {
  return { blur, memory, concentration, counts: new Float64Array(CELLS), total: 0 };
}

/** The probability given to a gap that ends in `cell`; `smooth` is the smooth experts' for the same. */
export function recurrenceMass(expert: Recurrence, cell: number, smooth: number): number {
  return (expert.concentration * smooth + expert.counts[cell]!) / (expert.concentration + expert.total);
}

/** The probability given to a life beyond `cell`. */
export function recurrenceBeyond(expert: Recurrence, cell: number, smooth: number): number {
  const { concentration, counts, total } = expert;
  let later = 0;
  for (let g = cell + 1; g < CELLS; g++) later += counts[g]!;
  return (concentration * smooth + later) / (concentration + total);
}

/** Remembers `times` gaps that have now ended in this cell. */
export function remember(expert: Recurrence, cell: number, times: number): void {
  const { memory, counts } = expert;
  const kept = memory ** times;
  if (kept < 1) for (let g = 0; g < CELLS; g++) counts[g]! *= kept;
  expert.total *= kept;
  recallGaps(expert, cell, memory < 1 ? (1 - kept) / (1 - memory) : times, expert.blur);
}

/** Remembers `times` gaps of long ago, known to within `blur` cells. */
export function recallGaps(expert: Recurrence, cell: number, times: number, blur: number): void {
  const { counts } = expert;
  const unit = times / (blur + 1) ** 2;
  for (let d = -blur; d <= blur; d++) {
    counts[Math.min(CELLS - 1, Math.max(0, cell + d))]! += unit * (blur + 1 - Math.abs(d));
  }
  expert.total += times;
}

/** Adds `weight` times the predictive survival at each knot to `out`. */
export function addRecurrence(
  expert: Recurrence,
  weight: number,
  smooth: Float64Array,
  out: Float64Array,
): void {
  const { concentration, counts, total } = expert;
  const unit = weight / (concentration + total);
  let later = 0;
  for (let g = CELLS; g >= 0; g--) {
    if (g < CELLS) later += counts[g]!;
    out[g]! += unit * (concentration * smooth[g]! + later);
  }
}

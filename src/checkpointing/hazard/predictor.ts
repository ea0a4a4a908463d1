import { CELLS, cellOf, knots } from "./age-grid.ts";
import { emptyCurve, integrate, type SurvivalCurve } from "./curve.ts";
import {
  addRecurrence,
  recallGaps,
  recurrence,
  recurrenceBeyond,
  recurrenceMass,
  remember,
} from "./recurrence.ts";
import { learnSmooth, smoothCurve, smoothExperts } from "./smooth.ts";
import { credit, equalWeights, shares } from "./weights.ts";

/** What is weighed against the smooth experts: gaps that recur, blurred and forgotten more or less. */
const RECURRENCES = [
  { blur: 0, memory: 1, concentration: 6 },
  { blur: 0, memory: 1, concentration: 24 },
  { blur: 2, memory: 1, concentration: 12 },
  { blur: 8, memory: 1, concentration: 12 },
  { blur: 0, memory: 0.9, concentration: 6 },
  { blur: 4, memory: 0.9, concentration: 6 },
];
/** How much of an expert's past score counts after each gap: the best of the last fifty or so wins. */
const MEMORY = 0.98;
/** No machine ages into immortality: a constant hazard of this share of the usual rate lies under the rest. */
const FLOOR = 0.1;

/** Foretells for how long the next machine lives, from how long machines lived so far. */
export interface Predictor {
  /** Survival by age of a fresh machine; the same object until the next thing is learned. */
  curve(): SurvivalCurve;
  /** `times` machines died after this uptime (s). */
  failed(uptimeSeconds: number, times?: number): void;
  /** `times` machines were given up alive after this uptime (s). */
  survived(uptimeSeconds: number, times?: number): void;
  /**
   * `times` machines died at, or lived beyond, this uptime (s) at some time or other: old sums, whose order
   * is not known, and their uptimes only to within `blur` cells of the age grid.
   */
  recall(uptimeSeconds: number, died: boolean, times: number, blur: number): void;
}

/**
 * A mixture of experts weighted by what they foretold. Because all of them speak of whole lives, the mixture
 * conditioned on the age reached is the Bayesian update for "still alive": nothing is to be done between
 * failures but to read the curve further along.
 *
 * @param priorMtbfSeconds a guess; a wrong one costs a few failures
 */
export function createPredictor(priorMtbfSeconds: number): Predictor {
  const smooth = smoothExperts(priorMtbfSeconds, MEMORY);
  const recurrences = RECURRENCES.map((r) => recurrence(r.blur, r.memory, r.concentration));
  const weights = equalWeights(1 + recurrences.length, MEMORY);
  // The smooth experts count as one here, but are as likely as all the recurrences together.
  credit(weights, 0, Math.log(recurrences.length), 0);
  const curve = emptyCurve();
  const base = new Float64Array(CELLS + 1);
  let stale = true;

  function refresh() {
    smoothCurve(smooth, base);
    const share = shares(weights);
    for (let g = 0; g <= CELLS; g++) curve.survival[g] = share[0]! * base[g]!;
    recurrences.forEach((expert, e) => {
      addRecurrence(expert, share[e + 1]!, base, curve.survival);
    });
    const floor = FLOOR * usualRate(base);
    for (let g = 0; g <= CELLS; g++) curve.survival[g]! *= Math.exp(-floor * knots[g]!);
    integrate(curve);
    stale = false;
  }

  function outlive(cell: number, times: number, recalled: boolean) {
    const log = learnSmooth(smooth, { died: false, cell, times }, recalled);
    credit(weights, 0, log, recalled ? 0 : times);
    recurrences.forEach((expert, e) => {
      const beyond = Math.log(recurrenceBeyond(expert, cell, Math.exp(log / times)));
      credit(weights, e + 1, times * beyond, recalled ? 0 : times);
    });
    stale = true;
  }

  return {
    curve() {
      if (stale) refresh();
      return curve;
    },
    failed(uptimeSeconds, times = 1) {
      const cell = cellOf(uptimeSeconds);
      const log = learnSmooth(smooth, { died: true, cell, times }, false);
      credit(weights, 0, log, times);
      recurrences.forEach((expert, e) => {
        credit(weights, e + 1, times * Math.log(recurrenceMass(expert, cell, Math.exp(log / times))), times);
        remember(expert, cell, times);
      });
      stale = true;
    },
    survived(uptimeSeconds, times = 1) {
      outlive(cellOf(uptimeSeconds), times, false);
    },
    recall(uptimeSeconds, died, times, blur) {
      const cell = cellOf(uptimeSeconds);
      if (!died) return outlive(cell, times, true);
      learnSmooth(smooth, { died, cell, times }, true);
      for (const expert of recurrences) recallGaps(expert, cell, times, Math.max(blur, expert.blur));
      stale = true;
    },
  };
}

/** Failures a second of the constant hazard that leaves as few alive at the age that one in five reaches. */
function usualRate(survival: Float64Array): number {
  const g = survival.findIndex((alive) => alive < 0.2);
  return g > 0 ? Math.log(5) / knots[g]! : 0;
}

import { LEAST_ALIVE, livedUntil, type SurvivalCurve, survivalAt } from "./curve.ts";

/**
 * Failures a second of a machine of this age, over the next `seconds`: deaths over exposure. Where nobody ever
 * lived so long, those of a usual life.
 */
export function hazardAt(curve: SurvivalCurve, age: number, seconds: number): number {
  if (survivalAt(curve, age) < LEAST_ALIVE) return 1 / livedUntil(curve, age);
  const lived = livedUntil(curve, age + seconds) - livedUntil(curve, age);
  return lived > 0 ? (survivalAt(curve, age) - survivalAt(curve, age + seconds)) / lived : 0;
}

/**
 * The work (s) a machine of this age stands to lose if no checkpoint is made now: the unsaved work times the
 * cumulated hazard of as long a time ahead, halved. Checkpoint once it reaches the cost. For a constant hazard
 * that is Young's rule, ∫ h·u du ≥ C; looking ahead instead of back, it sees a dangerous age before it comes.
 */
export function lossAhead(curve: SurvivalCurve, age: number, sinceSeconds: number): number {
  const alive = survivalAt(curve, age);
  if (alive < LEAST_ALIVE) return sinceSeconds ** 2 / 2 / livedUntil(curve, age);
  const then = survivalAt(curve, age + sinceSeconds);
  const cumulated = Math.log(alive / Math.max(then, 1e-300));
  return (cumulated * sinceSeconds) / 2;
}

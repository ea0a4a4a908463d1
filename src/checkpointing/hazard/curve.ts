import { CELLS, cellOf, knots } from "./age-grid.ts";

/** Survival of one machine by its age, tabulated: `survival[g]` at `knots[g]`, linear between. */
export interface SurvivalCurve {
  survival: Float64Array;
  /** ∫₀^knots[g] of the survival, in seconds. */
  integral: Float64Array;
}

/** Of an age that fewer reach, the curve says nothing. */
export const LEAST_ALIVE = 1e-9;

/** A curve that never falls: no machine dies. */
export function emptyCurve(): SurvivalCurve {
  const curve = { survival: new Float64Array(CELLS + 1).fill(1), integral: new Float64Array(CELLS + 1) };
  integrate(curve);
  return curve;
}

/** Brings `integral` up to date with `survival`; trapezoids, exact as the curve is linear in each cell. */
export function integrate({ survival, integral }: SurvivalCurve): void {
  integral[0] = knots[0]! * survival[0]!;
  for (let g = 0; g < CELLS; g++) {
    const mean = (survival[g]! + survival[g + 1]!) / 2;
    integral[g + 1] = integral[g]! + mean * (knots[g + 1]! - knots[g]!);
  }
}

/** P(the machine is alive at this age). */
export function survivalAt(curve: SurvivalCurve, age: number): number {
  return survivalIn(curve, cellOf(age), age);
}

/** Expected seconds lived up to this age. */
export function livedUntil(curve: SurvivalCurve, age: number): number {
  return livedIn(curve, cellOf(age), age);
}

/** As `survivalAt`, where the age's cell is known. */
export function survivalIn({ survival }: SurvivalCurve, cell: number, age: number): number {
  if (age <= knots[0]!) return 1 - (1 - survival[0]!) * (age / knots[0]!);
  const share = Math.min(1, (age - knots[cell]!) / (knots[cell + 1]! - knots[cell]!));
  return survival[cell]! + (survival[cell + 1]! - survival[cell]!) * share;
}

/** As `livedUntil`, where the age's cell is known. */
export function livedIn(curve: SurvivalCurve, cell: number, age: number): number {
  if (age <= knots[0]!) return age;
  const mean = (curve.survival[cell]! + survivalIn(curve, cell, age)) / 2;
  return curve.integral[cell]! + (age - knots[cell]!) * mean;
}

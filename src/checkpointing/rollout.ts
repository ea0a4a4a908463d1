import { cellFrom, cellOf } from "./hazard/age-grid.ts";
import { LEAST_ALIVE, livedIn, livedUntil, survivalAt, survivalIn } from "./hazard/curve.ts";
import type { Model, Outlook } from "./outlook.ts";

/**
 * Where to checkpoint next, seen from the boundary after task i at this age, with base k: the j ≥ i that
 * minimises Q_j = ∫₀^{X_j} S_a + S_a(X_j) V(j) + (1 − S_a(X_j)) (D + V_R(k)), where X_j is the work to j and
 * its checkpoint, V the outlook's value and V_R the exponential chain's. i itself: checkpoint now.
 *
 * @param surplusSeconds how much longer than planned the work since k took; to do it again takes as long
 */
export function nextCheckpoint(
  model: Model,
  outlook: Outlook,
  i: number,
  k: number,
  age: number,
  surplusSeconds: number,
): number {
  const { chain, values, curve, restartSeconds } = model;
  const { work, ahead } = outlook;
  const last = work.length - 1;
  const alive = survivalAt(curve, age);
  // Nobody ever lived so long: the curve says nothing of what comes.
  if (!(alive > LEAST_ALIVE)) return Math.max(i, values.next[k + 1]!);
  const lived = livedUntil(curve, age);
  const loss = restartSeconds + values.recovered[k + 1]! + surplusSeconds;
  let best = Number.POSITIVE_INFINITY;
  let next = i;
  let cell = cellOf(age);
  for (let j = i; j <= last; j++) {
    const reached = age + work[j]! - work[i]!;
    cell = cellFrom(cell, reached);
    const there = survivalIn(curve, cell, reached);
    if (there * (work[last]! - work[i]!) + (alive - there) * loss > best) break;
    const cost = j === last ? 0 : chain.checkpointSeconds[j]!;
    const fee = j === last ? 0 : chain.feeSeconds[j]!;
    const saved = cellFrom(cell, reached + cost);
    const done = survivalIn(curve, saved, reached + cost);
    const value =
      livedIn(curve, saved, reached + cost) - lived + (alive - done) * loss + done * (fee + ahead[j]!);
    if (value < best) {
      best = value;
      next = j;
    }
  }
  return next;
}

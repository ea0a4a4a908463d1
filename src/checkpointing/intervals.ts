/** Young 1974: the interval between checkpoints (s), T = √(2CM). */
export function youngInterval(checkpointSeconds: number, mtbfSeconds: number): number {
  return Math.sqrt(2 * checkpointSeconds * mtbfSeconds);
}

/** Daly 2006: T = √(2CM)(1 + ⅓√(C/2M) + ⅑ C/2M) − C for C < 2M, else M. */
export function dalyInterval(checkpointSeconds: number, mtbfSeconds: number): number {
  if (checkpointSeconds >= 2 * mtbfSeconds) return mtbfSeconds;
  const x = checkpointSeconds / (2 * mtbfSeconds);
  return youngInterval(checkpointSeconds, mtbfSeconds) * (1 + Math.sqrt(x) / 3 + x / 9) - checkpointSeconds;
}

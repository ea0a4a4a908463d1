/** A schedule that repeats itself on a longer scale. */
export interface Cycle {
  /** When the steps of the first round come; the round after comes `growth` times later. */
  times: readonly number[];
  growth: number;
  /** Per step, which checkpoint goes when its own is taken: counted back from it, 1 the one before, k the oldest. */
  drops: readonly number[];
}

/**
 * For few slots, by k. Drops: short patterns were enumerated, longer ones sampled. Times: for given drops and growth
 * the bounds on all gaps are linear in the times, so a linear programme finds them, and a line search the growth (the
 * method of Bringmann, Doerr, Neumann and Sliacan, ICALP 2013). Rounded up, the discrepancies are for k = 3…10 1.528
 * (by the golden ratio), 1.540, 1.472, 1.516, 1.507, 1.512, 1.488, 1.510; for k = 11…16 between 1.474 and 1.490.
 */
export const CYCLES: Readonly<Record<number, Cycle>> = {
  3: { times: [1], growth: 1.618034, drops: [3] },
  4: { times: [1, 1.2470176], growth: 1.8019064, drops: [2, 4] },
  5: { times: [1, 1.324761], growth: 1.7546874, drops: [3, 5] },
  6: { times: [1, 1.2677027, 1.6180951, 2.0511062, 2.2360936], growth: 2.8540917, drops: [2, 6, 4, 6, 4] },
  7: { times: [1, 1.2320749], growth: 1.5179482, drops: [4, 7] },
  8: { times: [1, 1.2017496, 1.4442696], growth: 1.7050663, drops: [5, 8, 6] },
  9: { times: [1, 1.1747892, 1.3126223, 1.5419052], growth: 1.7885674, drops: [5, 4, 7, 9] },
  10: { times: [1, 1.1407043, 1.3221038], growth: 1.5323116, drops: [5, 7, 10] },
  11: { times: [1, 1.1415909, 1.2535598, 1.4311819], growth: 1.629904, drops: [9, 6, 5, 11] },
  12: { times: [1, 1.1293639, 1.275487, 1.4268199], growth: 1.6113644, drops: [7, 6, 9, 12] },
  13: { times: [1, 1.1179799, 1.249874, 1.3973694], growth: 1.5622076, drops: [7, 10, 7, 13] },
  14: { times: [1, 1.1092153, 1.2303593, 1.3564659], growth: 1.5046118, drops: [11, 8, 7, 14] },
  15: { times: [1, 1.1017765, 1.2139589, 1.3157076], growth: 1.4496104, drops: [8, 7, 11, 15] },
  16: { times: [1, 1.0879641, 1.1912833, 1.2960955], growth: 1.419196, drops: [8, 12, 8, 16] },
};

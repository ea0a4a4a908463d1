import { type Chain, type ChainValues, solveChain } from "./chain.ts";

/** Bytes of a checkpoint after each task, and how many may still be written. */
export interface ByteBudget {
  checkpointBytes: Float64Array;
  leftBytes: number;
  /** The price found last (s per byte), where the next search begins. */
  price: number;
}

const STEPS = 12;
const LEAST_PRICE = 1e-12;

/** Bytes the chain's plan writes after base k. */
export function plannedBytes({ next }: ChainValues, bytes: Float64Array, k: number): number {
  let sum = 0;
  for (let j = next[k + 1]!; j < bytes.length - 1; j = next[j + 1]!) sum += bytes[j]!;
  return sum;
}

/**
 * Prices bytes (s per byte: the dual variable of the budget) just so high that the plan from base k keeps to
 * what is left; sets the chain's fees and solves its values with them. Costs up to some twenty solutions.
 */
export function priceBytes(
  chain: Chain,
  rate: number,
  restartSeconds: number,
  k: number,
  budget: ByteBudget,
  values: ChainValues,
): void {
  const { checkpointBytes, leftBytes } = budget;
  const fits = (price: number) => {
    for (let j = 0; j < checkpointBytes.length; j++) chain.feeSeconds[j] = price * checkpointBytes[j]!;
    solveChain(chain, rate, restartSeconds, values);
    return plannedBytes(values, checkpointBytes, k) <= leftBytes;
  };
  if (fits(0)) return;
  let high = Math.max(budget.price, LEAST_PRICE);
  while (!fits(high) && high < 1e12) high *= 8;
  let low = high / 8;
  while (low > LEAST_PRICE && fits(low)) {
    high = low;
    low /= 8;
  }
  for (let step = 0; step < STEPS; step++) {
    const middle = Math.sqrt(low * high);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  fits(high);
  budget.price = high;
}

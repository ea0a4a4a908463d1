import { type Chain, type ChainValues, solveChain } from "./chain.ts";

/** Bytes of a checkpoint after each task, and how many may still be written. */
export interface ByteBudget {
  checkpointBytes: Float64Array;
  leftBytes: number;
  /** The price found last (s per byte), where the next search begins. */
  price: number;
}

/** The price is found to within this factor; how many checkpoints are planned goes with its root. */
const PRECISION = 1.05;
const LEAST_PRICE = 1e-12;
const MOST_PRICE = 1e12;

/** Bytes the chain's plan writes after base k. */
export function plannedBytes({ next }: ChainValues, bytes: Float64Array, k: number): number {
  let sum = 0;
  for (let j = next[k + 1]!; j < bytes.length - 1; j = next[j + 1]!) sum += bytes[j]!;
  return sum;
}

/**
 * Prices bytes (s per byte: the dual variable of the budget) just so high that the plan from base k keeps to
 * what is left; sets the chain's fees and solves its values with them. Costs some six solutions.
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
  const bytesAt = (price: number) => {
    for (let j = 0; j < checkpointBytes.length; j++) chain.feeSeconds[j] = price * checkpointBytes[j]!;
    solveChain(chain, rate, restartSeconds, values);
    return plannedBytes(values, checkpointBytes, k);
  };
  const free = bytesAt(0);
  if (free <= leftBytes) return;
  let price = guess(chain, budget, free);
  let low = 0;
  let high = MOST_PRICE;
  while (high > low * PRECISION) {
    if (bytesAt(price) <= leftBytes) high = price;
    else low = price;
    if (high === LEAST_PRICE || price === MOST_PRICE) break;
    price = low > 0 && high < MOST_PRICE ? Math.sqrt(low * high) : within(low > 0 ? low * 4 : high / 4);
  }
  bytesAt(high);
  budget.price = high;
}

/** The price found before; else by Young's law, whereby checkpoints go with the root of 1 / cost. */
function guess(
  { checkpointSeconds }: Chain,
  { checkpointBytes, leftBytes, price }: ByteBudget,
  free: number,
) {
  if (leftBytes < checkpointBytes.reduce((least, bytes) => Math.min(least, bytes))) return MOST_PRICE;
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return within(price || (sum(checkpointSeconds) / sum(checkpointBytes)) * ((free / leftBytes) ** 2 - 1));
}

function within(price: number): number {
  return Math.min(Math.max(price, LEAST_PRICE), MOST_PRICE);
}

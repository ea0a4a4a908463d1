/** The least that an event is credited with: one surprise must not silence an expert for ever. */
const LEAST = Math.log(1e-12);

/**
 * Weighs experts by what they foretold: the sum of their log-likelihoods, older ones forgotten slowly, so
 * that the best expert of late wins.
 */
export interface Weights {
  score: Float64Array;
  memory: number;
}

/** Equal weights for n experts. */
export function equalWeights(n: number, memory: number): Weights {
  return { score: new Float64Array(n), memory };
}

/**
 * Credits expert e with the logarithm of the probability it gave to what then happened.
 *
 * @param ageing by how many events its earlier score is older now; 0 for what is recalled, not new
 */
export function credit({ score, memory }: Weights, e: number, logProbability: number, ageing: number): void {
  score[e] = score[e]! * memory ** ageing + Math.max(logProbability, LEAST);
}

/** The experts' shares; they sum to 1. */
export function shares({ score }: Weights): Float64Array {
  const most = score.reduce((max, x) => Math.max(max, x), Number.NEGATIVE_INFINITY);
  const odds = score.map((x) => Math.exp(x - most));
  const total = odds.reduce((sum, x) => sum + x, 0);
  return odds.map((x) => x / total);
}

/** Successive uptimes of one series; about so many as a case's run has failures, so that none comes twice. */
type Family = (random: () => number) => number[];

const GAPS = 120;

/** Series that no trace is behind, each drawn anew for its case. Only their shape counts: cases scale them. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  "Weibull 0.5–0.9": (random) => weibull(0.5 + 0.4 * random(), 0, GAPS, random),
  "Weibull 0.5–0.9, correlated": (random) =>
    weibull(0.5 + 0.4 * random(), 0.3 + 0.4 * random(), GAPS, random),
  "constant hazard": (random) => weibull(1, 0, GAPS, random),
  "ageing, Weibull 1.5–3": (random) => weibull(1.5 + 1.5 * random(), 0, GAPS, random),
  "24 h limit": (random) => {
    const early = 0.2 + 0.4 * random();
    return draw(() => (random() < early ? Math.min(1, 0.3 * exponential(random)) : 1));
  },
  "rate × 10 midway": (random) => halves(1, 0.1, random),
  "rate ÷ 10 midway": (random) => halves(0.1, 1, random),
  "long first life": (random) => [20 + 30 * random(), ...draw(() => exponential(random)).slice(1)],
};

/** Weibull gaps; neighbours' normal scores are correlated by so much (a Gaussian copula). */
export function weibull(shape: number, correlation: number, count: number, random: () => number): number[] {
  let score = normal(random);
  return Array.from({ length: count }, () => {
    score = correlation * score + Math.sqrt(1 - correlation ** 2) * normal(random);
    return (-Math.log(upperTail(score))) ** (1 / shape);
  });
}

function halves(first: number, second: number, random: () => number): number[] {
  return draw((i) => (i < GAPS / 2 ? first : second) * exponential(random));
}

function draw(gap: (index: number) => number): number[] {
  return Array.from({ length: GAPS }, (_, index) => gap(index));
}

function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
}

/** P(a normal score is above x), by the logistic approximation of Bowling et al. 2009; off by at most 0.00014. */
function upperTail(x: number): number {
  return 1 / (1 + Math.exp(0.07056 * x ** 3 + 1.5976 * x));
}

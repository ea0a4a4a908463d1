import type { Judged, Judgement } from "./judge.ts";
import { BEST, OURS, SEED } from "./policies.ts";

/** What one policy came to over many cases. */
export interface Row {
  policy: string;
  cases: number;
  /** Geometric mean of the overhead, of the overhead over DP*'s, and of the overhead over the seed rule's. */
  overhead: number;
  r: number;
  p95: number;
  max: number;
  /** The maximum over cases with at least `MANY` failures: with fewer, one lucky checkpoint decides. */
  maxOfMany: number;
  worst: string;
  toSeed: number;
  checkpoints: number;
  gaveUp: number;
  microsecondsPerDecision: number;
}

/** So many failures make a case's ratio more than luck. */
export const MANY = 30;

const HEAD =
  "policy          overhead      R    p95     max  max≥30f  /seed  checkpoints  gave up  µs/decision";

/** The policies that were run, summed up, in their order. */
export function rowsOf(cases: readonly Judged[], policies: readonly string[]): Row[] {
  return policies.map((policy) => row(cases, policy));
}

export function row(cases: readonly Judged[], policy: string): Row {
  const outcomes = cases.map((each) => each.outcomes[policy]!);
  const ratios = ratiosTo(cases, policy, BEST);
  const sorted = [...ratios].sort((a, b) => a - b);
  const max = sorted.at(-1)!;
  const worst = cases[ratios.indexOf(max)]!;
  const hasSeed = cases[0]?.outcomes[SEED] !== undefined;
  return {
    policy,
    cases: cases.length,
    overhead: geometricMean(outcomes.map((o) => o.overhead)),
    r: geometricMean(ratios),
    p95: sorted[Math.floor(sorted.length * 0.95)]!,
    max,
    maxOfMany: Math.max(...ratios.filter((_, i) => cases[i]!.failures >= MANY)),
    worst: `${worst.name}, ${worst.failures} failures`,
    toSeed: hasSeed ? geometricMean(ratiosTo(cases, policy, SEED)) : Number.NaN,
    checkpoints: sum(outcomes.map((o) => o.checkpoints)),
    gaveUp: outcomes.filter((o) => o.gaveUp).length,
    microsecondsPerDecision:
      (1000 * sum(outcomes.map((o) => o.milliseconds))) / sum(outcomes.map((o) => o.boundaries)),
  };
}

/** The overhead of one policy over that of another, by case. */
export function ratiosTo(cases: readonly Judged[], policy: string, other: string): number[] {
  return cases.map(({ outcomes }) => outcomes[policy]!.overhead / outcomes[other]!.overhead);
}

/** Checkpoints of one policy over those of another: of the sums, and the mean where both made any. */
export function checkpointsTo(cases: readonly Judged[], policy: string, other: string) {
  const pairs = cases.map(({ outcomes }) => [outcomes[policy]!, outcomes[other]!] as const);
  const both = pairs.filter((pair) => pair.every(({ checkpoints }) => checkpoints > 0));
  const total = (which: 0 | 1) => sum(pairs.map((pair) => pair[which].checkpoints));
  return {
    sum: total(0) / total(1),
    mean: geometricMean(both.map(([one, two]) => one.checkpoints / two.checkpoints)),
    none: pairs.length - both.length,
  };
}

/** The most bytes that a pipeline of any case was over its budget. */
export function mostOver(cases: readonly Judged[], policies: readonly string[]): number {
  const over = (outcomes: Record<string, Judgement>) => policies.map((p) => outcomes[p]!.overBudgetBytes);
  return Math.max(...cases.flatMap(({ outcomes }) => over(outcomes)));
}

/** The table of one set of cases. Overheads and R are geometric means; "gave up": more than 100 × the work. */
export function table(title: string, rows: Row[]): string {
  const cases = rows[0]?.cases ?? 0;
  const worst = rows.find(({ policy }) => policy === OURS)?.worst;
  const tail = worst ? [`worst of ours: ${worst}`] : [];
  return [`\n${title} (${cases} cases)`, HEAD, ...rows.map(line), ...tail].join("\n");
}

function line(row: Row): string {
  return [
    row.policy.padEnd(14),
    percent(row.overhead).padStart(9),
    row.r.toFixed(3).padStart(6),
    row.p95.toFixed(3).padStart(6),
    row.max.toFixed(2).padStart(7),
    row.maxOfMany.toFixed(2).padStart(8),
    row.toSeed.toFixed(3).padStart(6),
    String(row.checkpoints).padStart(12),
    String(row.gaveUp).padStart(8),
    row.microsecondsPerDecision.toFixed(2).padStart(12),
  ].join(" ");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function geometricMean(values: number[]): number {
  return Math.exp(sum(values.map(Math.log)) / values.length);
}

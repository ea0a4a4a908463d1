import { createDecider } from "../../src/checkpointing/decider.ts";
import { type Outcome, overhead, simulate } from "../../src/checkpointing/simulate.ts";
import type { Case } from "./cases.ts";
import { POLICIES, type Policy } from "./policies.ts";

/** What one policy came to over many cases. */
export interface Row {
  policy: string;
  cases: number;
  /** Geometric mean of the overhead, of the overhead over DP*'s, and of the overhead over the seed rule's. */
  overhead: number;
  r: number;
  p95: number;
  max: number;
  worst: string;
  toSeed: number;
  checkpoints: number;
  gaveUp: number;
  microsecondsPerDecision: number;
}

/** Below this nothing failed and nothing was saved: there is no overhead to compare with. */
const LEAST_OVERHEAD = 1e-6;

interface Tally {
  policy: Policy;
  outcomes: Outcome[];
  milliseconds: number;
}

/** Runs every policy on every case; cases that even DP* cannot finish, or where it loses nothing, are left out. */
export function compare(cases: Iterable<Case>, policies: readonly Policy[] = POLICIES): Row[] {
  const tallies: Tally[] = policies.map((policy) => ({ policy, outcomes: [], milliseconds: 0 }));
  const names: string[] = [];
  const yardstick = policies.findIndex(({ name }) => name.startsWith("DP*"));
  for (const subject of cases) {
    const best = simulate(subject, policies[yardstick]!.create(subject));
    if (best.gaveUp || overhead(best) < LEAST_OVERHEAD) continue;
    names.push(subject.name);
    for (const tally of tallies) {
      const from = performance.now();
      tally.outcomes.push(simulate(subject, tally.policy.create(subject)));
      tally.milliseconds += performance.now() - from;
    }
  }
  const seed = tallies.find(({ policy }) => policy.name === "seed rule");
  return tallies.map((tally) => row(tally, tallies[yardstick]!, seed, names));
}

function row(
  { policy, outcomes, milliseconds }: Tally,
  best: Tally,
  seed: Tally | undefined,
  names: string[],
): Row {
  const overheads = outcomes.map(overhead);
  const ratios = overheads.map((o, i) => o / overhead(best.outcomes[i]!));
  const sorted = [...ratios].sort((a, b) => a - b);
  const max = sorted.at(-1)!;
  const boundaries = sum(outcomes.map((o) => o.boundaries));
  return {
    policy: policy.name,
    cases: outcomes.length,
    overhead: geometricMean(overheads),
    r: geometricMean(ratios),
    p95: sorted[Math.floor(sorted.length * 0.95)]!,
    max,
    worst: names[ratios.indexOf(max)]!,
    toSeed: seed ? geometricMean(overheads.map((o, i) => o / overhead(seed.outcomes[i]!))) : Number.NaN,
    checkpoints: sum(outcomes.map((o) => o.checkpoints)),
    gaveUp: outcomes.filter((o) => o.gaveUp).length,
    microsecondsPerDecision: (milliseconds * 1000) / boundaries,
  };
}

/** R counted from the first pipeline after so many failures, with a prior MTBF that is wrong by `factor`. */
export function coldStart(cases: Iterable<Case>, factor: number, failures: number): number {
  const policies = [
    POLICIES.find(({ name }) => name.startsWith("DP*"))!,
    {
      name: "ours",
      create: ({ restartSeconds, mtbfSeconds }: Case) =>
        createDecider({ strategy: "adaptive", restartSeconds, priorMtbfSeconds: mtbfSeconds * factor }),
    },
  ];
  const later = function* () {
    for (const subject of cases) yield { ...subject, skipFailures: failures };
  };
  return compare(later(), policies)[1]!.r;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function geometricMean(values: number[]): number {
  return Math.exp(sum(values.map(Math.log)) / values.length);
}

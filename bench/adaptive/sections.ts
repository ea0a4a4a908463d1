import type { CaseOptions } from "./cases.ts";
import type { Check } from "./checks.ts";
import { FAMILIES } from "./families.ts";
import type { Judged } from "./judge.ts";
import { BEST, OURS, SEED } from "./policies.ts";
import { checkpointsTo, geometricMean, MANY, mostOver, ratiosTo, row } from "./report.ts";

/** Cases of one sort, the policies that are run on them, and what is asked of the outcome. */
export interface Section {
  /** What `--only` calls it. */
  name: string;
  title: string;
  options: CaseOptions;
  policies: readonly string[];
  /** How many cases, as a share of `--cases`. */
  share: number;
  /** Further tables, of some of the cases. */
  parts?: readonly { title: string; of: (each: Judged) => boolean }[];
  checks(cases: readonly Judged[]): Check[];
}

const HALF_SEED = "half seed's";
const ALL = [
  "never",
  "every task",
  "every 5",
  "fixed 1800 s",
  "Young, told M",
  "Daly, told M",
  SEED,
  BEST,
  "clairvoyant",
  "ours, no plan",
  "ours, profile",
  OURS,
];

export const SECTIONS: readonly Section[] = [
  main("scaled", "Scaled: W/M 0.5 and 4, C/M 0.001 to 0.05", true, 0.97),
  main("unscaled", "Unscaled", false, 0.98),
  noise(0.5, 1),
  noise(1, 1.05),
  {
    name: "cold",
    title: "Prior MTBF wrong tenfold, counted from the first pipeline after the 8th failure",
    options: { scaled: true, skipFailures: 8 },
    policies: [BEST, "prior ÷ 10", "prior × 10"],
    share: 1,
    checks: (cases) =>
      ["prior ÷ 10", "prior × 10"].map((policy) => ({
        what: `${policy}, after 8 failures: R`,
        value: row(cases, policy).r,
        limit: 1.1,
      })),
  },
  {
    name: "budget",
    title: "A byte budget that halves what ours writes when free",
    options: { scaled: true },
    policies: [BEST, OURS, "half bytes", "Lagrangian"],
    share: 0.3,
    checks: (cases) => [
      {
        what: "budget: overhead ÷ Lagrangian DP's, equal bytes",
        value: geometricMean(ratiosTo(cases, "half bytes", "Lagrangian")),
        limit: 1.05,
      },
      { what: "budget: most bytes over it", value: mostOver(cases, ["half bytes"]), limit: 0 },
    ],
  },
  thrifty("scaled", true),
  thrifty("unscaled", false),
  ...Object.keys(FAMILIES).map(family),
];

function main(name: string, title: string, scaled: boolean, limit: number): Section {
  const odd = (each: Judged) => each.traceIndex % 2 === 1;
  return {
    name,
    title,
    options: { scaled },
    policies: ALL,
    share: 1,
    parts: [
      { title: `${name}, even traces (chosen on)`, of: (each) => !odd(each) },
      { title: `${name}, odd traces (held out)`, of: odd },
    ],
    checks: (cases) => [
      ...spread(name, cases, OURS, limit),
      ...spread(`${name}, held-out traces`, cases.filter(odd), OURS, limit),
      { what: `${name}, through a profile: R`, value: row(cases, "ours, profile").r, limit },
      { what: `${name}: wasted ÷ seed rule's, mean`, value: row(cases, OURS).toSeed, limit: 0.7 },
      ...writes(name, cases, OURS),
    ],
  };
}

function writes(name: string, cases: readonly Judged[], policy: string): Check[] {
  const { sum, mean, none } = checkpointsTo(cases, policy, SEED);
  return [
    { what: `${name}: checkpoints ÷ seed rule's, of the sums`, value: sum, limit: 0.5 },
    { what: `${name}: checkpoints ÷ seed rule's, mean (${none} wrote none)`, value: mean, limit: 0.5 },
  ];
}

function spread(name: string, cases: readonly Judged[], policy: string, limit: number): Check[] {
  const { r, p95, max, maxOfMany } = row(cases, policy);
  return [
    { what: `${name}: R`, value: r, limit },
    { what: `${name}: p95`, value: p95, limit: 1.1 },
    { what: `${name}: max`, value: max, limit: 1.3 },
    { what: `${name}: max of cases with ≥ ${MANY} failures`, value: maxOfMany, limit: 1.3 },
  ];
}

function noise(sigma: number, limit: number): Section {
  return {
    name: "noise",
    title: `Noisy durations, σ = ${sigma}; DP* knows them`,
    options: { scaled: true, sigma },
    policies: [BEST, OURS],
    share: 0.5,
    checks: (cases) => [{ what: `noise σ ${sigma}: R`, value: row(cases, OURS).r, limit }],
  };
}

function thrifty(name: string, scaled: boolean): Section {
  return {
    name: "thrift",
    title: `Ours allowed half the seed rule's checkpoints, ${name}`,
    options: { scaled },
    policies: [BEST, SEED, HALF_SEED],
    share: 0.3,
    checks: (cases) => [
      {
        what: `${name}, half the seed rule's checkpoints: wasted ÷ its`,
        value: row(cases, HALF_SEED).toSeed,
        limit: 0.7,
      },
      {
        what: `${name}, half the seed rule's checkpoints: ÷ its`,
        value: checkpointsTo(cases, HALF_SEED, SEED).sum,
        limit: 0.5,
      },
    ],
  };
}

/** Nothing is asked of R: where gaps are independent and the hazard is nearly constant, DP* is the very optimum. */
function family(name: string): Section {
  return {
    name: "families",
    title: name,
    options: { scaled: true, family: name },
    policies: [BEST, OURS],
    share: 0.2,
    checks: (cases) => spread(name, cases, OURS, Number.NaN),
  };
}

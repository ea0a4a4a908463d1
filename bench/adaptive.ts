import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Case, type CaseOptions, drawCase } from "./adaptive/cases.ts";
import { chart } from "./adaptive/chart.ts";
import { coldStart, compare } from "./adaptive/compare.ts";
import { POLICIES } from "./adaptive/policies.ts";
import { table } from "./adaptive/report.ts";
import { decisionTimes } from "./adaptive/timing.ts";
import { readTraces, type Traces } from "./adaptive/traces.ts";

export const about =
  "adaptive checkpointing against fixed rules and the optimum told the failure rate [--traces DIR] [--cases N] [--seed N] [--svg FILE]";

/** Simulates random traces × workflows under every policy, and prints tables; see `cases.ts` for the cases. */
export async function run(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: {
      traces: { type: "string", default: "../shared/traces" },
      cases: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
      svg: { type: "string", default: join(tmpdir(), "cairn-adaptive.svg") },
    },
  });
  const traces = readTraces(values.traces);
  const draw = drawer(traces, Number(values.cases), Number(values.seed) * 100_000);
  console.log(`${traces.failures.length} failure series${traces.synthetic ? " (synthetic)" : ""}`);

  const scaled = compare(draw({ scaled: true }));
  console.log(table("Scaled: W/M 0.5 and 4, C/M 0.001 to 0.05", scaled));
  writeFileSync(values.svg, chart("Overhead against the optimum that is told the failure rate", scaled));
  console.log(table("Unscaled", compare(draw({ scaled: false }))));

  const short = POLICIES.filter(({ name }) => name.startsWith("DP*") || name === "ours");
  for (const [half, keep] of [
    ["even (chosen on)", 0],
    ["odd (held out)", 1],
  ] as const) {
    for (const scaled of [true, false]) {
      const rows = compare(draw({ scaled, traces: (index) => index % 2 === keep }), short);
      console.log(table(`Traces ${half}, ${scaled ? "scaled" : "unscaled"}`, rows));
    }
  }
  for (const sigma of [0.5, 1]) {
    console.log(
      table(`Noisy durations, σ = ${sigma}; DP* knows them`, compare(draw({ scaled: true, sigma }), short)),
    );
  }
  for (const factor of [0.1, 10]) {
    const r = coldStart(draw({ scaled: true }), factor, 8);
    console.log(`\nPrior MTBF ${factor} × the true one, from the 8th failure on: R ${r.toFixed(3)}`);
  }
  const times = decisionTimes(20);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]!.toFixed(4);
  console.log(
    `Decisions with 1,000 tasks: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, max ${at(1)} ms`,
  );
  console.log(`Chart: ${values.svg}`);
}

function drawer(traces: Traces, count: number, seed: number) {
  return function* draw(options: CaseOptions): Iterable<Case> {
    for (let i = 1; i <= count; i++) yield drawCase(traces, seed + i, options);
  };
}

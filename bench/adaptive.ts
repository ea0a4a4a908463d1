import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chart } from "./adaptive/chart.ts";
import { type Check, summary } from "./adaptive/checks.ts";
import { costs } from "./adaptive/costs.ts";
import { createPool, type Pool } from "./adaptive/pool.ts";
import { rowsOf, table } from "./adaptive/report.ts";
import { SECTIONS, type Section } from "./adaptive/sections.ts";
import { readTraces } from "./adaptive/traces.ts";
import { measured } from "./retention/measure.ts";

export const about =
  "adaptive checkpointing against fixed rules and the optimum told the failure rate [--quick] [--only scaled,noise,…] [--cases N] [--seed N] [--traces DIR] [--svg FILE]";

/** Simulates random traces × workflows under every policy, and prints tables; see `cases.ts` for the cases. */
export async function run(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: {
      traces: { type: "string", default: "../shared/traces" },
      cases: { type: "string" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      svg: { type: "string", default: join(tmpdir(), "cairn-adaptive.svg") },
    },
  });
  const traces = readTraces(values.traces);
  console.log(`${traces.failures.length} failure series${traces.synthetic ? " (synthetic)" : ""}`);
  const count = Number(values.cases ?? (values.quick ? 20 : 200));
  const wanted = wantedSections(values.only);
  const checks: Check[] = [];
  const pool = createPool(values.traces);
  for (const section of SECTIONS.filter(({ name }) => wanted.has(name))) {
    checks.push(...(await judge(pool, section, count, Number(values.seed) * 100_000, values.svg)));
  }
  await pool.close();
  if (wanted.has("retention")) checks.push(retention(values.quick ? 10 : 59));
  if (wanted.has("costs")) checks.push(...costs());
  console.log(summary(checks));
}

/** @throws when a name is none of a section */
function wantedSections(only: string | undefined): Set<string> {
  const names = new Set([...SECTIONS.map(({ name }) => name), "retention", "costs"]);
  if (only === undefined) return names;
  const wanted = new Set(only.split(","));
  const unknown = [...wanted].filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new Error(`no section ${unknown.join(", ")}; there are ${[...names].join(", ")}`);
  return wanted;
}

async function judge(
  pool: Pool,
  { name, title, options, policies, share, parts = [], checks }: Section,
  count: number,
  seed: number,
  svg: string,
): Promise<Check[]> {
  const tasks = Array.from({ length: Math.ceil(count * share) }, (_, i) => ({
    seed: seed + i + 1,
    options,
    policies,
  }));
  const cases = await pool.judge(tasks);
  const rows = rowsOf(cases, policies);
  console.log(table(title, rows));
  for (const part of parts)
    console.log(table(part.title, rowsOf(cases.filter(part.of), ["DP*, told M", "ours"])));
  if (name === "scaled") {
    writeFileSync(svg, chart("Overhead against the optimum that is told the failure rate", rows));
    console.log(`Chart: ${svg}`);
  }
  return checks(cases);
}

function retention(last: number): Check {
  let worst = 0;
  for (let k = 3; k <= last; k++) {
    const { chosen, given } = measured(k);
    worst = Math.max(worst, chosen, given);
  }
  return { what: `retention: worst discrepancy, k = 3…${last}`, value: worst, limit: 1.55 };
}

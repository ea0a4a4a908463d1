import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { weibull } from "./families.ts";
import { randomStream } from "./random.ts";

/** Successive uptimes (s) after which machines died. */
export interface FailureTrace {
  id: string;
  gaps: number[];
}

/** Tasks in an order they can run in. */
export interface Workflow {
  id: string;
  tasks: { seconds: number; liveBytes: number; bottomLevelSeconds: number }[];
}

export interface Traces {
  failures: FailureTrace[];
  workflows: Workflow[];
  synthetic: boolean;
}

/** The mean of synthetic series. */
export const SYNTHETIC_MEAN_SECONDS = 20_000;

/** Reads `failures/*.json` and `workflows/*.json`; synthetic series where there is no such folder. */
export function readTraces(folder: string): Traces {
  if (!existsSync(join(folder, "failures"))) return syntheticTraces();
  const failures = readAll(join(folder, "failures")).map((t) => ({ id: t.id, gaps: t.gaps_s }));
  const workflows = readAll(join(folder, "workflows")).map((w) => ({
    id: w.id,
    tasks: w.tasks.map((t: Record<string, number>) => ({
      seconds: Math.max(t.runtime_s!, 1e-3),
      liveBytes: t.live_bytes!,
      bottomLevelSeconds: t.bottom_level_s!,
    })),
  }));
  return { failures, workflows, synthetic: false };
}

function readAll(folder: string) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

const GAPS = 400;

/** Weibull series as they are reported of real machines: early deaths, and lives that resemble their neighbours. */
function syntheticTraces(): Traces {
  const random = randomStream(5);
  const failures = [0.5, 0.6, 0.7, 0.8, 0.9].flatMap((shape) =>
    [0, 0.5].map((correlation) => {
      const raw = weibull(shape, correlation, GAPS, random);
      const mean = raw.reduce((sum, gap) => sum + gap, 0) / GAPS;
      const gaps = raw.map((gap) => Math.max(1, (gap / mean) * SYNTHETIC_MEAN_SECONDS));
      return { id: `weibull-${shape}${correlation ? "-correlated" : ""}`, gaps };
    }),
  );
  const workflows = [5, 30, 100, 300, 700].map((n) => syntheticWorkflow(n, random));
  return { failures, workflows, synthetic: true };
}

function syntheticWorkflow(n: number, random: () => number): Workflow {
  const tasks = Array.from({ length: n }, () => ({
    seconds: 10 * -Math.log(1 - random()) + 0.1,
    liveBytes: 1e6 * random(),
    bottomLevelSeconds: random(),
  }));
  return { id: `chain-${n}`, tasks };
}

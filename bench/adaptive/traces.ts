import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
const MEAN_SECONDS = 20_000;

/** Weibull series of six shapes, one of two speeds and one that changes its rate; chains of random tasks. */
export function syntheticTraces(): Traces {
  const random = randomStream(5);
  const exponential = () => -Math.log(1 - random());
  const series = (id: string, gap: () => number): FailureTrace => {
    const raw = Array.from({ length: GAPS }, gap);
    const mean = raw.reduce((sum, g) => sum + g, 0) / GAPS;
    return { id, gaps: raw.map((g) => Math.max(1, (g / mean) * MEAN_SECONDS)) };
  };
  const weibull = [0.5, 0.6, 0.7, 0.85, 1, 1.3].map((shape) =>
    series(`weibull-${shape}`, () => exponential() ** (1 / shape)),
  );
  let pace = 1;
  const bursty = series("bursty", () => {
    if (random() < 0.08) pace = random() < 0.5 ? 0.1 : 2;
    return exponential() * pace;
  });
  const twoSpeeds = series("hyperexponential", () => exponential() * (random() < 0.4 ? 0.1 : 2));
  const workflows = [5, 30, 100, 300, 700].map((n) => syntheticWorkflow(n, random));
  return { failures: [...weibull, bursty, twoSpeeds], workflows, synthetic: true };
}

function syntheticWorkflow(n: number, random: () => number): Workflow {
  const tasks = Array.from({ length: n }, () => ({
    seconds: 10 * -Math.log(1 - random()) + 0.1,
    liveBytes: 1e6 * random(),
    bottomLevelSeconds: random(),
  }));
  return { id: `chain-${n}`, tasks };
}

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SweepSummary } from "../../src/recovery/sweep/sweep.ts";
import { kill } from "./kill.ts";
import type { Spec } from "./spec.ts";

/** Processes that sweep one store, and what they tell, of those that were killed too. */
export interface Crew {
  readonly summaries: readonly SweepSummary[];
  /** Pipelines listed as due, and markers read for it where only the processes know. */
  readonly counted: { listed: number; read: number };
  /** SIGKILL for one, and another in its place. */
  replace(place: number): Promise<void>;
  replaceAll(): Promise<void>;
  stop(): Promise<void>;
}

type News = Partial<{ summary: SweepSummary; listed: number; read: number }>;

const SWEEPER = fileURLToPath(new URL("../workers/sweeper.ts", import.meta.url));
const SECRET = `whsec_${btoa("a secret of 24 bytes or more")}`;
/** Sweeps end often, so that some begin and end at any time. */
const BUDGET = { calls: 600 };

/** @param spec asked at each start @param origin where messages go */
export function startCrew(size: number, spec: () => Spec, origin: string): Crew {
  const summaries: SweepSummary[] = [];
  const counted = { listed: 0, read: 0 };
  const start = (): ChildProcess => {
    const told = { spec: spec(), allow: [origin], secret: SECRET, budget: BUDGET };
    const child = fork(SWEEPER, [JSON.stringify(told)]);
    return child.on("message", ({ summary, listed = 0, read = 0 }: News) => {
      if (summary) summaries.push(summary);
      counted.listed += listed;
      counted.read += read;
    });
  };
  const children = Array.from({ length: size }, start);
  const replace = async (place: number) => {
    await kill(children[place]!);
    children[place] = start();
  };
  return {
    ...{ summaries, counted, replace },
    replaceAll: async () => void (await Promise.all(children.map((_, place) => replace(place)))),
    stop: async () => void (await Promise.all(children.map(kill))),
  };
}

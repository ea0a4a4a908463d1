import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SweepSummary } from "../../src/recovery/sweep/sweep.ts";
import { kill } from "./kill.ts";
import type { Spec } from "./spec.ts";

/** Processes that sweep one store, and what they tell, of those that were killed too. */
export interface Crew {
  readonly summaries: readonly SweepSummary[];
  readonly counted: Counted;
  /** SIGKILL for one, and another in its place. */
  replace(place: number): Promise<void>;
  /** As `spec` has it by now. */
  putClocksOn(): void;
  stop(): Promise<void>;
}

export interface Counted {
  /** Pipelines listed as due, in so many looks. */
  listed: number;
  looks: number;
  /** Where only the processes know: markers that were due, how often they were read, and those of times to come. */
  markers: Set<string>;
  read: number;
  toCome: number;
}

type News = Partial<{
  summary: SweepSummary;
  listed: number;
  looks: number;
  markers: string[];
  toCome: number;
}>;

const SWEEPER = fileURLToPath(new URL("../workers/sweeper.ts", import.meta.url));
const SECRET = `whsec_${btoa("a secret of 24 bytes or more")}`;
/** Sweeps end often, so that some begin and end at any time. */
const BUDGET = { calls: 600 };

/** @param spec asked at each start @param origin where messages go */
export function startCrew(size: number, spec: () => Spec, origin: string): Crew {
  const summaries: SweepSummary[] = [];
  const counted: Counted = { listed: 0, looks: 0, markers: new Set(), read: 0, toCome: 0 };
  const start = (): ChildProcess => {
    const told = { spec: spec(), allow: [origin], secret: SECRET, budget: BUDGET };
    const child = fork(SWEEPER, [JSON.stringify(told)]);
    return child.on("message", ({ summary, listed = 0, looks = 0, markers = [], toCome = 0 }: News) => {
      if (summary) summaries.push(summary);
      counted.listed += listed;
      counted.looks += looks;
      for (const marker of markers) counted.markers.add(marker);
      counted.read += markers.length;
      counted.toCome += toCome;
    });
  };
  const children = Array.from({ length: size }, start);
  const replace = async (place: number) => {
    await kill(children[place]!);
    children[place] = start();
  };
  return {
    ...{ summaries, counted, replace },
    putClocksOn: () => {
      for (const child of children) child.send({ aheadMilliseconds: spec().aheadMilliseconds });
    },
    stop: async () => void (await Promise.all(children.map(kill))),
  };
}

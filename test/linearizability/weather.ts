import type { Random } from "../simulation/random.ts";
import type { Course } from "../support/relay.ts";
import type { Cluster } from "./cluster.ts";
import type { SharedStore } from "./stores.ts";

/** What befell the processes. */
export interface Damage {
  kills: number;
  stops: number;
  restarts: number;
}

/** What becomes of the requests on a line. */
export interface Weather {
  mode: () => Course;
  lateBy: () => number;
}

export const CALM: Weather = { mode: () => "pass", lateBy: () => 0 };

/** One request in so many is not carried as it should be. */
type Losses = readonly (readonly [Course, number])[];

export const FROM_CLIENTS: Losses = [
  ["drop", 0.03],
  ["late", 0.008],
  ["cut", 0.01],
  ["stall", 0.003],
];
export const TO_STORE: Losses = [
  ["drop", 0.004],
  ["late", 0.001],
  ["cut", 0.002],
];

export function lossy(random: Random, losses: Losses): Weather {
  const mode = () => {
    let dice = random.next();
    for (const [course, share] of losses) {
      if (dice < share) return course;
      dice -= share;
    }
    return "pass";
  };
  return { mode, lateBy: () => random.int(10, 2500) };
}

/** Stops, and beside them kills and restarts in turn, until it is told to end; then everything runs. */
export async function storm(
  random: Random,
  cluster: Cluster,
  store: SharedStore,
  goesOn: () => boolean,
): Promise<Damage> {
  const damage = { kills: 0, stops: 0, restarts: 0 };
  const one = () => random.int(0, 1);
  const forever = async (...blows: (() => Promise<void>)[]) => {
    for (let count = 0; ; count++) {
      await new Promise((resolve) => setTimeout(resolve, random.int(100, 1200)));
      if (!goesOn()) return;
      await blows[count % blows.length]!();
    }
  };
  const stop = async () => {
    await cluster.suspend(one(), random.chance(0.3) ? random.int(1000, 2500) : random.int(100, 700));
    damage.stops++;
  };
  const kill = async () => {
    await cluster.replace(one());
    damage.kills++;
  };
  const restart = async () => {
    await store.crash!();
    damage.restarts++;
  };
  await Promise.all([forever(stop), store.crash ? forever(kill, restart) : forever(kill)]);
  return damage;
}

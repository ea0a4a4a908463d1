import type { Random } from "./random.ts";

/** What goes wrong in a run, and how often: each run has weather of its own, so that faults also come alone. */
export interface Weather {
  processes: number;
  /** Chances for each store call. */
  unavailable: number;
  /** The answer of a commit is lost: it was applied; it comes later; it comes, and later once more. */
  lost: number;
  delayed: number;
  twice: number;
  slow: number;
  staleList: number;
  crashAtCall: number;
  /** Chances for each request. */
  requestLost: number;
  answerLost: number;
  /** How often a process is killed or stopped by chance, and clients are, each minute. */
  crashes: number;
  stalls: number;
  clientTrouble: number;
  /** Clocks of processes are off by up to so many seconds. */
  skewSeconds: number;
  /** Chances for each minute. */
  damage: number;
  laterRelease: number;
  cronSkipped: number;
  cronTwice: number;
}

export function weatherOf(random: Random): Weather {
  const some = (share: number, upTo: number) => (random.chance(share) ? random.next() * upTo : 0);
  return {
    processes: random.int(2, 3),
    unavailable: some(0.4, 0.1),
    lost: some(0.5, 0.15),
    delayed: some(0.5, 0.15),
    twice: some(0.4, 0.1),
    slow: some(0.4, 0.1),
    staleList: some(0.5, 0.6),
    crashAtCall: some(0.4, 0.04),
    requestLost: some(0.3, 0.1),
    answerLost: some(0.5, 0.15),
    crashes: some(0.3, 0.5),
    stalls: some(0.4, 0.6),
    clientTrouble: some(0.5, 0.5),
    skewSeconds: random.chance(0.5) ? random.pick([2, 30, 600, 3600]) : 0,
    damage: some(0.15, 0.4),
    laterRelease: some(0.06, 0.3),
    cronSkipped: some(0.3, 0.6),
    cronTwice: some(0.5, 0.8),
  };
}

/** Nothing goes wrong any more. */
export function calm(weather: Weather): Weather {
  const zero = Object.fromEntries(Object.keys(weather).map((name) => [name, 0]));
  return { ...(zero as unknown as Weather), processes: weather.processes };
}

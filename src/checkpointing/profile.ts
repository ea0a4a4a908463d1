import { CELLS_PER_OCTAVE } from "./hazard/age-grid.ts";
import { createPredictor, type Predictor } from "./hazard/predictor.ts";

/**
 * What is learned of a kind: named sums. Every increment is an addition, so increments commute and any
 * number of functions may learn at once; a reset deletes the sums. At most 2 kB of JSON.
 */
export type Profile = Record<string, number>;

const BINS_PER_OCTAVE = 4;
const MOST_BINS = 26 * BINS_PER_OCTAVE;
/** Half a bin, in cells of the age grid. */
const BLUR = CELLS_PER_OCTAVE / BINS_PER_OCTAVE / 2;
const NAME_BUCKETS = 16;

/** A machine died after this uptime (s). A pipeline's own exception is not this. */
export function machineDied(uptimeSeconds: number): Profile {
  return { [`f${binOf(uptimeSeconds)}`]: 1, n: 1, x: Math.max(0, uptimeSeconds) };
}

/** A machine was given up alive after this uptime (s): its pipeline completed, failed by itself, or moved. */
export function machineLeft(uptimeSeconds: number): Profile {
  return { [`s${Math.floor(binOf(uptimeSeconds) / BINS_PER_OCTAVE)}`]: 1, x: Math.max(0, uptimeSeconds) };
}

/** A checkpoint of so many bytes took so many seconds. */
export function checkpointTook(bytes: number, seconds: number): Profile {
  const mega = bytes / 1e6;
  return { c: 1, cb: mega, cbb: mega * mega, cs: seconds, csb: seconds * mega };
}

/** A recovery took so many seconds. */
export function recoveryTook(seconds: number): Profile {
  return { r: 1, rs: seconds };
}

/** A task of this name took so many seconds. */
export function taskTook(name: string, seconds: number): Profile {
  const bucket = bucketOf(name);
  return { [`t${bucket}`]: 1, [`T${bucket}`]: seconds };
}

/** The sum of profiles or increments; which is first does not matter. */
export function addProfiles(...profiles: readonly Profile[]): Profile {
  const sum: Profile = {};
  for (const profile of profiles) {
    for (const [name, value] of Object.entries(profile)) sum[name] = (sum[name] ?? 0) + value;
  }
  return sum;
}

/** A predictor that has learned what the profile knows of lives and deaths. */
export function predictorOf(profile: Profile, priorMtbfSeconds: number): Predictor {
  const predictor = createPredictor(priorMtbfSeconds);
  for (let bin = 0; bin < MOST_BINS; bin++) {
    const failures = profile[`f${bin}`] ?? 0;
    if (failures > 0) predictor.recall(secondsOf(bin), true, failures, BLUR);
  }
  for (let octave = 0; octave < MOST_BINS / BINS_PER_OCTAVE; octave++) {
    const left = profile[`s${octave}`] ?? 0;
    if (left > 0) predictor.recall(2 ** octave * Math.SQRT2, false, left, 0);
  }
  return predictor;
}

/** Expected seconds of a checkpoint of so many bytes: a line through what was seen, flat while it is unclear. */
export function checkpointSecondsOf(profile: Profile, bytes: number, otherwise: number): number {
  const { c = 0, cb = 0, cbb = 0, cs = 0, csb = 0 } = profile;
  if (c === 0) return otherwise;
  const spread = cbb - (cb * cb) / c;
  const slope = spread > 1e-9 * cbb ? Math.max(0, (csb - (cs * cb) / c) / spread) : 0;
  return Math.max(0, cs / c + slope * (bytes / 1e6 - cb / c));
}

/** Expected seconds of a recovery. */
export function recoverySecondsOf({ r = 0, rs = 0 }: Profile, otherwise: number): number {
  return r > 0 ? rs / r : otherwise;
}

/** Expected seconds of the task of this name; names share 16 sums, a declared plan is exact. */
export function taskSecondsOf(profile: Profile, name: string): number | undefined {
  const bucket = bucketOf(name);
  const count = profile[`t${bucket}`] ?? 0;
  return count > 0 ? profile[`T${bucket}`]! / count : undefined;
}

/** Failures an hour over all that was seen; the prior's where nothing failed yet. */
export function failuresPerHour({ n = 0, x = 0 }: Profile, priorMtbfSeconds: number): number {
  return (3600 * (n + 1)) / (x + priorMtbfSeconds);
}

/** Clocks differ: an uptime below 0 counts as none. */
function binOf(seconds: number): number {
  return Math.min(MOST_BINS - 1, Math.floor(Math.log2(Math.max(1, seconds)) * BINS_PER_OCTAVE));
}

function secondsOf(bin: number): number {
  return 2 ** ((bin + 0.5) / BINS_PER_OCTAVE);
}

/** FNV-1a. */
function bucketOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % NAME_BUCKETS;
}

/** What a service has to do, and what is known of its states. */
export interface Load {
  /** That run all the time. */
  pipelines: number;
  /** Of each pipeline, were there one after every task. */
  checkpointsPerHour: number;
  /** Of a state, as the pipeline has it. */
  stateBytes: number;
  /** Checkpoints that retention keeps of each pipeline. */
  keep: number;
  heartbeatsPerHour: number;
  /** Of each pipeline's machine. */
  failuresPerDay: number;
  /** Checkpoints that adaptive checkpointing makes, of those that every task would. */
  adaptiveShare: number;
  /** Bytes of a whole frame, compressed, of those of the state. */
  wholeShare: number;
  /** Bytes of a delta's frame, of those of the state. */
  deltaShare: number;
  /** Processes or isolates that serve at once: each adds what it counts by itself. */
  instances: number;
  /** What a call takes on Lambda, which waits for its store meanwhile. */
  lambdaMs: number;
  /** Of Neon, on average, which the sweep keeps awake. */
  neonComputeUnits: number;
}

/**
 * Measured, but for what the user must know: the retention's own default; three heartbeats in the 60 s of a lease of
 * `cairn.run`; `npm run bench adaptive -- --only scaled` (126,508 of 5,996,875 checkpoints); `npm run bench frames
 * growing` (states of 1.09 MB: whole 222 kB, deltas 2.1 kB). A failure a day is what Cairn takes a machine for that it
 * knows nothing of; 0.25 is Neon's smallest compute.
 */
export const DEFAULTS = {
  keep: 100,
  heartbeatsPerHour: 180,
  failuresPerDay: 1,
  adaptiveShare: 0.0211,
  wholeShare: 0.204,
  deltaShare: 0.00196,
  instances: 1,
  lambdaMs: 50,
  neonComputeUnits: 0.25,
} as const satisfies Partial<Load>;

/** Of these nobody measured anything: they are said to be assumed wherever they count. */
export const ASSUMED = ["instances", "lambdaMs", "neonComputeUnits"] as const satisfies (keyof Load)[];

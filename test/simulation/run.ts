import type { StorageBackend } from "../../src/backends/types.ts";
import type { Cluster } from "./cluster.ts";
import type { Receiver } from "./receiver.ts";
import type { Recorder } from "./recorder.ts";
import type { Weather } from "./weather.ts";
import type { Actor, World } from "./world.ts";

/** A mistake built in on purpose: into the store, or into what a process sees of it. */
export interface Plant {
  store?: (correct: StorageBackend, now: () => number) => StorageBackend;
  /** For mistakes that something else would show before. */
  weather?: Partial<Weather>;
  view?: (correct: StorageBackend, run: Run) => StorageBackend;
}

/** All that belongs to one seed. */
export interface Run {
  world: World;
  weather: Weather;
  recorder: Recorder;
  cluster: Cluster;
  receiver: Receiver;
  plant: Plant;
  clients: Actor[];
  /** The budget of a sweep. */
  sweepCalls: number;
}

import { counted } from "../../backends/counted.ts";
import type { StorageBackend } from "../../backends/types.ts";

/** What one sweep may take: a function has a deadline, and on some plans a number of calls. */
export interface Budget {
  /** Calls of the store. @default 1000 */
  calls?: number;
  /** @default 20 */
  seconds?: number;
}

export interface Meter {
  /** The backend, its calls counted. */
  backend: StorageBackend;
  readonly calls: number;
  /** How many more calls there is room for; 0 when the time is up. */
  left(): number;
}

/** @param now epoch milliseconds */
export function meter(backend: StorageBackend, budget: Budget, now: () => number): Meter {
  const { calls = 1000, seconds = 20 } = budget;
  const end = now() + seconds * 1000;
  let used = 0;
  return {
    backend: counted(backend, (method) => {
      if (method !== "close") used++;
      return undefined;
    }),
    get calls() {
      return used;
    },
    left: () => (now() < end ? Math.max(0, calls - used) : 0),
  };
}

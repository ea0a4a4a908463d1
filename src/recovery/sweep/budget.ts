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
  const counted = new Proxy(backend, {
    get(_, name) {
      const member: unknown = Reflect.get(backend, name);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        if (name !== "close") used++;
        return member.apply(backend, given);
      };
    },
  });
  return {
    backend: counted,
    get calls() {
      return used;
    },
    left: () => (now() < end ? Math.max(0, calls - used) : 0),
  };
}

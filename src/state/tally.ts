import { MOST_NAMES } from "../backends/sums.ts";
import type { StorageBackend, SumsKey } from "../backends/types.ts";
import { claim } from "./claim.ts";

/**
 * What this process has counted and not yet added to the sums in the store. An addition is sent once: when the store
 * does not say whether it took it, it is dropped and counted, for a count that is lost does less harm than one that is
 * there twice.
 */
export interface Tally {
  count(key: SumsKey, increments: Readonly<Record<string, number>>): void;
  /** Adds all that was counted so far to the store, or to another view of it. Never rejects. */
  flush(view?: Pick<StorageBackend, "add">): Promise<void>;
  /** Whether there is something to flush that nobody has taken upon himself, see `Claim.take`. */
  claim(spacedMs?: number): boolean;
  /** Flushes, and waits for the flushes that others began. */
  close(): Promise<void>;
  /** Calls of the store that a flush takes. */
  readonly size: number;
  /** Additions that failed since this process began. */
  readonly dropped: number;
}

interface Counted {
  key: SumsKey;
  sums: Map<string, number>;
}

export function tally(backend: Pick<StorageBackend, "add">): Tally {
  let counted = new Map<string, Counted>();
  const flushing = claim();
  let dropped = 0;
  const underway = new Set<Promise<void>>();

  function flush(view = backend): Promise<void> {
    const taken = [...counted.values()];
    counted = new Map();
    flushing.done();
    const flushed = send(taken, view);
    underway.add(flushed);
    return flushed.finally(() => underway.delete(flushed));
  }

  async function send(taken: readonly Counted[], view: Pick<StorageBackend, "add">): Promise<void> {
    const adds = taken.flatMap(({ key, sums }) =>
      chunked([...sums]).map(async (some) => view.add(key, Object.fromEntries(some))),
    );
    const ended = await Promise.allSettled(adds);
    dropped += ended.filter(({ status }) => status === "rejected").length;
  }

  return {
    flush,
    count(key, increments) {
      const id = `${key.tenant}/${key.scope}`;
      const entry = counted.get(id) ?? { key, sums: new Map() };
      counted.set(id, entry);
      for (const [name, value] of Object.entries(increments))
        entry.sums.set(name, (entry.sums.get(name) ?? 0) + value);
    },
    async close() {
      await flush();
      await Promise.all(underway);
    },
    claim: (spacedMs) => counted.size > 0 && flushing.take(spacedMs),
    get dropped() {
      return dropped;
    },
    get size() {
      return [...counted.values()].reduce((calls, { sums }) => calls + Math.ceil(sums.size / MOST_NAMES), 0);
    },
  };
}

function chunked<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += MOST_NAMES)
    chunks.push(items.slice(from, from + MOST_NAMES));
  return chunks;
}

import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { patiently } from "./patiently.ts";

const ENTRIES = 512;

interface Entry {
  head: Head | null;
  /** The version to expect next, were all that is in flight to land. */
  next: number;
  /** Counts the times that the chain of guesses began anew. */
  epoch: number;
  /** Resolved when the last in the line has been handed to the store; null: nobody waits. */
  tail: Promise<void> | null;
}

/** A place in the line of the writes of one pipeline in this process. */
export interface Place {
  /** Resolved when those that expect an earlier version are on their way; null: there are none. */
  turn: Promise<void> | null;
  /** To be called when this one is on its way too, or given up. */
  leave(): void;
  /** The guess was wrong: the store is at `actual`. Corrects what the next write expects. */
  missed(actual: number): void;
}

/**
 * The last head seen of each pipeline, and the version the next write should expect. A guess that saves a
 * round trip, never a truth: the store compares. Writes in flight count as landed, so that concurrent saves
 * of one process line up behind one another instead of all expecting the same version.
 */
export interface HeadCache {
  get(key: PipelineKey): Head | null;
  put(key: PipelineKey, head: Head | null): void;
  /** The version to expect for the next write, or `undefined` when nothing is known. */
  expected(key: PipelineKey): number | undefined;
  /** Lines up a write that expects `version`; `raises`: the one behind it expects the next. */
  line(key: PipelineKey, version: number, raises: boolean): Place;
  forget(key: PipelineKey): void;
}

export function headCache(): HeadCache {
  const entries = new Map<string, Entry>();
  const name = (key: PipelineKey) => `${key.tenant}/${key.pipelineId}`;
  let epochs = 0;

  function set(key: PipelineKey, change: Partial<Entry>): Entry {
    const id = name(key);
    const blank = { head: null, next: 0, epoch: ++epochs, tail: null };
    const entry = { ...(entries.get(id) ?? blank), ...change };
    entries.delete(id);
    entries.set(id, entry);
    const oldest = entries.keys().next().value;
    if (entries.size > ENTRIES && oldest !== undefined) entries.delete(oldest);
    return entry;
  }

  /** Too low: those behind it may land all the same, the end of the line is right. Too high: the line is. */
  function miss(key: PipelineKey, epoch: number, expected: number, actual: number): void {
    const next = entries.get(name(key))?.next ?? 0;
    if (actual > expected) set(key, { next: Math.max(next, actual) });
    else if (entries.get(name(key))?.epoch === epoch) set(key, { next: actual, epoch: ++epochs });
  }

  return {
    get: (key) => entries.get(name(key))?.head ?? null,
    put(key, head) {
      const known = entries.get(name(key));
      if (known?.head && head && known.head.revision > head.revision) return;
      set(key, { head, next: Math.max(known?.next ?? 0, head?.version ?? 0) });
    },
    expected: (key) => entries.get(name(key))?.next,
    line(key, version, raises) {
      const known = entries.get(name(key));
      const { promise, resolve } = Promise.withResolvers<void>();
      const turn = known?.tail ? patiently(known.tail) : null;
      const next = Math.max(known?.next ?? 0, raises ? version + 1 : version);
      const { epoch } = set(key, { next, tail: promise });
      const leave = () => {
        resolve();
        if (entries.get(name(key))?.tail === promise) set(key, { tail: null });
      };
      return { turn, leave, missed: (actual) => miss(key, epoch, version, actual) };
    },
    forget: (key) => void entries.delete(name(key)),
  };
}

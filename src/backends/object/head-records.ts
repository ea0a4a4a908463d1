import type { PipelineKey } from "../../model/ids.ts";
import type { Opened } from "./record.ts";

const BYTES = 16 * 1024 * 1024;

/**
 * The heads this process wrote last, so that the next commit is one put instead of a read and a put. Trusted
 * only through the condition of that put. Also learns how far this clock is from the store's.
 */
export interface HeadRecords<T = Opened> {
  get(key: PipelineKey): T | null;
  put(key: PipelineKey, opened: T, bytes: number, storeTime?: number): void;
  forget(key: PipelineKey): void;
  /** Milliseconds to add to this clock. */
  skew(): number;
}

export function headRecords<T = Opened>(clock: () => number): HeadRecords<T> {
  const entries = new Map<string, { opened: T; bytes: number }>();
  const name = (key: PipelineKey) => `${key.tenant}/${key.pipelineId}`;
  let total = 0;
  let skew = 0;

  function remove(id: string): void {
    total -= entries.get(id)?.bytes ?? 0;
    entries.delete(id);
  }

  return {
    get: (key) => entries.get(name(key))?.opened ?? null,
    put(key, opened, bytes, storeTime) {
      remove(name(key));
      entries.set(name(key), { opened, bytes });
      total += bytes;
      for (const id of entries.keys()) if (total > BYTES) remove(id);
      // Under a second is the answer's way here, not a clock that is off.
      if (storeTime !== undefined) skew = Math.abs(storeTime - clock()) > 1000 ? storeTime - clock() : 0;
    },
    forget: (key) => remove(name(key)),
    skew: () => skew,
  };
}

import {
  type ObjectStore,
  type PutCondition,
  type PutResult,
  Throttled,
} from "../../src/backends/object/store.ts";

/** What a store in memory keeps: to be shared between clients, and damaged. */
export type Objects = Map<
  string,
  { bytes: Uint8Array; etag: string /** Epoch milliseconds. */; at?: number }
>;

export interface MemoryStoreOptions {
  /** Shared between the stores that are clients of one. @default its own */
  objects?: Objects;
  /** Refuses a second put of a key within this time, as R2 does. @default 0 */
  minWriteSeconds?: number;
  /** Called before and after each call's effect; what it throws is thrown to the caller. */
  fault?: (call: string, key: string, when: "before" | "after") => void | Promise<void>;
}

export interface MemoryStore extends ObjectStore {
  readonly objects: Objects;
  /** Every call made, as `name key`. */
  readonly calls: string[];
}

let etags = 0;

/**
 * An object store in memory with strict conditions, faults on request, and R2's one write a second. Each call
 * takes a turn of the event loop.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { minWriteSeconds = 0, fault, objects = new Map() } = options;
  const written = new Map<string, number>();
  const calls: string[] = [];

  async function call<T>(name: string, key: string, effect: () => T): Promise<T> {
    calls.push(`${name} ${key}`);
    await fault?.(name, key, "before");
    await new Promise<void>((resolve) => setImmediate(resolve));
    const result = effect();
    await fault?.(name, key, "after");
    return result;
  }

  function putNow(key: string, bytes: Uint8Array, condition?: PutCondition): PutResult {
    const now = Date.now();
    if (now - (written.get(key) ?? 0) < minWriteSeconds * 1000) throw new Throttled("one write a second");
    const held = objects.get(key);
    if (condition === "absent" && held) return null;
    if (typeof condition === "object" && held?.etag !== condition.ifMatch) return null;
    written.set(key, now);
    const etag = `e${++etags}`;
    objects.set(key, { bytes, etag, at: now });
    return { etag, at: now };
  }

  return {
    name: "memory",
    minWriteSeconds,
    objects,
    calls,
    get: (key) =>
      call("get", key, () => {
        const held = objects.get(key);
        return held ? { bytes: held.bytes.slice(), etag: held.etag } : null;
      }),
    async put(key, bytes, condition) {
      const copy = bytes.slice();
      return call("put", key, () => putNow(key, copy, condition));
    },
    delete: (keys) => call("delete", keys.join(","), () => keys.forEach((key) => void objects.delete(key))),
    list: (prefix, { after, limit }) =>
      call("list", prefix, () => {
        const keys = [...objects.keys()].filter(
          (key) => key.startsWith(prefix) && (after === undefined || key > after),
        );
        keys.sort();
        const found = keys.slice(0, limit);
        return {
          keys: found,
          times: found.map((key) => objects.get(key)?.at ?? 0),
          more: keys.length > limit,
        };
      }),
    check: async () => [],
  };
}

/** Of objects, by key: when they were put, on the clock that a test moves. */
export type PutTimes = Map<string, number>;

/**
 * A store that does not say what time it is: then the clock that the test moves is the one that counts.
 *
 * @param now that clock, epoch milliseconds, for what lists say of objects. @default the store's own
 * @param times to be shared between clients of one store
 */
export function timeless(store: ObjectStore, now?: () => number, times: PutTimes = new Map()): ObjectStore {
  return {
    ...store,
    async put(key, bytes, condition) {
      const result = await store.put(key, bytes, condition);
      if (result && now) times.set(key, now());
      return result && { etag: result.etag };
    },
    async list(prefix, options) {
      const page = await store.list(prefix, options);
      return { ...page, times: page.keys.map((key, i) => times.get(key) ?? page.times[i]!) };
    },
  };
}

/** An object as it was read. */
export interface StoredObject {
  bytes: Uint8Array;
  etag: string;
}

/** `ifMatch`: only over that very object; `absent`: only where there is none. */
export type PutCondition = { ifMatch: string } | "absent";

/** What a conditional or plain put answers: `null` when the condition did not hold, and nothing was written. */
export type PutResult = { etag: string /** The store's clock, epoch milliseconds. */; at?: number } | null;

export interface ObjectPage {
  /** In the order of their UTF-8 bytes. */
  keys: string[];
  /** When each was put, by the store's clock: epoch milliseconds, some stores know whole seconds alone. */
  times: number[];
  more: boolean;
}

/**
 * The few things that `object` asks of a store: durable puts that honour a condition atomically, reads that
 * see every acknowledged put (strong consistency), listing by prefix. Keys are `[A-Za-z0-9._/-]+`.
 * A `put` that throws anything but `Throttled` may have landed.
 */
export interface ObjectStore {
  readonly name: string;
  /** The least time between two puts of one key; 0: none. */
  readonly minWriteSeconds: number;
  get(key: string): Promise<StoredObject | null>;
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<PutResult>;
  /** Deleting what is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** At most `limit` keys, or fewer where the store's own page is smaller. */
  list(prefix: string, options: { after?: string; limit: number }): Promise<ObjectPage>;
  /** Whether the store can be used safely; problems in words. */
  check(): Promise<string[]>;
}

/** Thrown by a store that refused a request for its rate: nothing was done. */
export class Throttled extends Error {
  override readonly name = "Throttled";
}

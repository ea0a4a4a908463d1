import type { StorageBackend } from "../backends/types.ts";
import type { Compression } from "../frames/compression.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type HeadCache, headCache } from "./head-cache.ts";
import { type Turns, turns } from "./turns.ts";

/** What every verb works on: a store, and what this process remembers of it. */
export interface Core {
  readonly backend: StorageBackend;
  readonly compression: Compression;
  readonly heads: HeadCache;
  /** Lines up writes that are made from the state they read: side by side, all but one would be made in vain. */
  readonly inTurn: Turns;
}

export interface CoreOptions {
  backend: StorageBackend;
  compression?: Compression;
}

export function createCore({ backend, compression = {} }: CoreOptions): Core {
  return { backend, compression, heads: headCache(), inTurn: turns() };
}

/** Who asks, beside the key: what every changing verb may be given. */
export interface Caller {
  /** The fencing token of the lease held. */
  fence?: number;
  /** Take a live lease away (needs the `admin` scope over HTTP). */
  force?: boolean;
  /** The idempotency key: the same write is applied once, however often it is sent. */
  idempotencyKey?: string;
}

/** The head of a living pipeline; the version it is at may be older than the store's. */
export async function loadHead(core: Core, key: PipelineKey): Promise<Head | null> {
  const loaded = await core.backend.load(key);
  core.heads.put(key, loaded?.head ?? null);
  return loaded?.head ?? null;
}

import type { StorageBackend, SumsKey } from "../backends/types.ts";
import type { FrameOptions } from "../frames/stored.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type ContentCache, contentCache } from "./content-cache.ts";
import { type HeadCache, headCache } from "./head-cache.ts";
import { type Kinds, kinds } from "./kinds.ts";
import type { Quotas } from "./quotas.ts";
import { type Tally, tally } from "./tally.ts";
import { type Turns, turns } from "./turns.ts";

/** What every verb works on: a store, and what this process remembers of it. */
export interface Core {
  readonly backend: StorageBackend;
  readonly frames: FrameOptions;
  readonly webhooks: WebhookOptions;
  readonly heads: HeadCache;
  readonly contents: ContentCache;
  /** Lines up writes that are made from the state they read: side by side, all but one would be made in vain. */
  readonly inTurn: Turns;
  /** What was learned of the kinds of pipelines, to decide by. */
  readonly kinds: Kinds;
  /** What was counted here, on its way to the sums in the store. */
  readonly tally: Tally;
  /** Without it no tenant has a quota. */
  readonly quotas?: Quotas;
}

export interface WebhookOptions {
  /** Exact origins that webhooks may be sent to whatever the rules on targets say. */
  readonly allow: readonly string[];
}

export interface CoreOptions {
  backend: StorageBackend;
  frames?: FrameOptions;
  /** @default no origin is exempt */
  webhooks?: WebhookOptions;
  /** @default none */
  quotas?: Quotas | undefined;
}

export function createCore(options: CoreOptions): Core {
  const { backend, frames = {}, webhooks = { allow: [] }, quotas } = options;
  const remembered = { heads: headCache(), contents: contentCache(), inTurn: turns() };
  const learned = { kinds: kinds(backend), tally: tally(backend) };
  return { backend, frames, webhooks, ...remembered, ...learned, ...(quotas && { quotas }) };
}

/** The same, over another view of its store. */
export function withBackend(core: Core, backend: StorageBackend): Core {
  return { ...core, backend, kinds: core.kinds.through(backend) };
}

/** The same without quotas, for what the service does by itself. */
export function unlimited({ quotas: _, ...core }: Core): Core {
  return core;
}

/** Where what a tenant's operations count is kept. */
export function metricsKey(tenant: string): SumsKey {
  return { tenant, scope: "metrics" };
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

import { batched } from "../backends/batching.ts";
import {
  BACKEND_TYPES,
  type BackendConfig,
  type BackendType,
  parseBackend,
} from "../backends/configuration/options.ts";
import type { StorageBackend } from "../backends/types.ts";
import type { Cairn } from "../client/index.ts";
import { type KeyRing, parseKeyRing } from "../frames/key-ring.ts";
import { CairnError, type ErrorCode, type ErrorItem, StateManagerError } from "../model/errors.ts";
import { TenantId } from "../model/names.ts";
import { once } from "../model/once.ts";
import { problemsOf } from "../model/parse.ts";
import type { Policy } from "../model/pipeline.ts";
import { present } from "../model/present.ts";
import * as z from "../model/zod.ts";
import { localVerbs } from "../verbs/local.ts";
import { remoteVerbs } from "../verbs/remote.ts";
import type { Verbs } from "../verbs/verbs.ts";
import { createCore } from "./core.ts";

/** Told of every operation of a manager, when it has ended. Must not throw. */
export interface Monitor {
  record(event: OperationEvent): void;
}

export interface OperationEvent {
  operation: string;
  pipelineId: string | null;
  seconds: number;
  ok: boolean;
  /** The error's code, when it failed with one. */
  code: ErrorCode | null;
}

const Common = once(() =>
  z.strictObject({
    tenant: z._default(TenantId(), "local"),
    checkpointStrategy: z._default(
      z.enum(["adaptive", "time", "progress", "event", "always", "never"]),
      "never",
    ),
    compressionEnabled: z._default(z.boolean(), true),
    compressionLevel: z._default(z.int().check(z.minimum(1), z.maximum(9)), 6),
    batchSize: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 1),
    asyncOperations: z._default(z.boolean(), false),
    client: z.optional(z.custom<Cairn>(isClient, "must be a Cairn")),
    backend: z.optional(z.custom<StorageBackend>(isBackend, "must be a StorageBackend")),
    backendType: z.optional(z.enum(BACKEND_TYPES)),
    backendConfig: z.optional(z.unknown()),
    encryptionKeys: z.optional(z.string()),
    encryptionRequired: z._default(z.boolean(), true),
    monitor: z.optional(z.custom<Monitor>(isMonitor, "must have a method record")),
  }),
);

/** Options of `StateManager`; all optional, none silently ignored. */
export interface StateManagerOptions {
  /**
   * A service that does it all, instead of this process over a store: nothing may be said of the store then, and the
   * tenant is that of its key. @default none
   */
  client?: Cairn;
  /** A store of your own making; else one by `backendType`. */
  backend?: StorageBackend;
  /** @default "memory" */
  backendType?: BackendType;
  backendConfig?: BackendConfig;
  /** @default "local" */
  tenant?: string;
  /**
   * When a save does not say itself whether it checkpoints. Others than `always` and `never` decide at each save, by
   * its `situation` and what was learned; the policy that a pipeline is registered with comes before. @default "never"
   */
  checkpointStrategy?: NonNullable<Policy["strategy"]>;
  /** @default true */
  compressionEnabled?: boolean;
  /** 1 (fast) to 9 (small). @default 6 */
  compressionLevel?: number;
  /** Commits made at the same time travel together, at most so many. @default 1 */
  batchSize?: number;
  /** A save returns before it is durable; `flush` waits for it and tells what failed. @default false */
  asyncOperations?: boolean;
  /** A JSON array of `{id, key}`, see `parseKeyRing`: frames are encrypted with the first. @default none */
  encryptionKeys?: string;
  /** Refuse frames that are not encrypted. @default true */
  encryptionRequired?: boolean;
  monitor?: Monitor;
}

export type Settings = z.infer<ReturnType<typeof Common>> & {
  maxFileSize: number;
  open: () => Promise<Verbs>;
};

const TWO_BACKENDS: ErrorItem = {
  pointer: "/backend",
  message: "give either backend, or backendType and backendConfig",
};

type Method = {
  [K in keyof StorageBackend]-?: StorageBackend[K] extends (...given: never[]) => unknown ? K : never;
}[keyof StorageBackend];

/** All that a store must have: those it may leave out are none of them. */
const METHODS: Readonly<Record<Method, true>> = {
  load: true,
  commit: true,
  frames: true,
  stage: true,
  checkpoint: true,
  checkpoints: true,
  pipelines: true,
  events: true,
  due: true,
  collect: true,
  add: true,
  sums: true,
  clearSums: true,
  health: true,
  close: true,
};

function isBackend(value: unknown): boolean {
  const given = value as Record<string, unknown> | null;
  return (
    typeof given?.capabilities === "object" &&
    Object.keys(METHODS).every((name) => typeof given[name] === "function")
  );
}

function isClient(value: unknown): boolean {
  const given = value as Partial<Cairn> | null;
  return typeof given?.pipeline === "function" && typeof given.listInterrupted === "function";
}

function isMonitor(value: unknown): boolean {
  return typeof (value as Monitor | null)?.record === "function";
}

/** @throws StateManagerError `invalid_configuration`, with all problems together */
export function parseOptions(options: StateManagerOptions): Settings {
  const common = Common().safeParse(options);
  const { backend: given, backendType = "memory", backendConfig } = options ?? {};
  const store = parseBackend(BACKEND_TYPES.includes(backendType) ? backendType : "memory", backendConfig);
  const ring = parsedRing(options?.encryptionKeys);
  const errors = [
    ...(ring && "errors" in ring ? ring.errors : []),
    ...(common.error ? problemsOf(common.error) : []),
    ...("errors" in store ? store.errors : []),
    ...(given && (options.backendType ?? backendConfig) ? [TWO_BACKENDS] : []),
    ...(options?.client ? ofTheService(options) : []),
  ];
  if (errors.length > 0 || !common.data || "errors" in store || (ring && "errors" in ring))
    throw refused(errors);
  const { maxFileSize = Number.MAX_SAFE_INTEGER } = store;
  const { compressionEnabled: enabled, compressionLevel: level } = common.data;
  const encryption = ring ? { ring, required: common.data.encryptionRequired } : undefined;
  const frames = { compression: { enabled, level }, ...present({ encryption }) };
  const { batchSize, client, tenant } = common.data;
  const open = async () => {
    if (client) return remoteVerbs(client);
    const backend = maybeBatched(given ?? (await store.open()), batchSize);
    return localVerbs(createCore({ backend, frames }), tenant);
  };
  return { ...common.data, maxFileSize, open };
}

const OF_A_STORE = [
  ...["tenant", "compressionEnabled", "compressionLevel", "batchSize", "backend", "backendType"],
  ...["backendConfig", "encryptionKeys", "encryptionRequired"],
] as (keyof StateManagerOptions)[];

/** What says how a store is used, where there is none. */
function ofTheService(options: StateManagerOptions): ErrorItem[] {
  const given = OF_A_STORE.filter((name) => options[name] !== undefined);
  return given.map((name) => ({ pointer: `/${name}`, message: "is the service's to say: not with client" }));
}

/** Undefined where there is none. */
function parsedRing(text: unknown): KeyRing | { errors: ErrorItem[] } | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return parseKeyRing(text, "/encryptionKeys");
  } catch (error) {
    if (!(error instanceof CairnError)) throw error;
    return { errors: error.facts.errors ?? [] };
  }
}

function maybeBatched(backend: StorageBackend, size: number): StorageBackend {
  return size > 1 ? batched(backend, size) : backend;
}

/** All problems together. */
export function refused(errors: ErrorItem[]): StateManagerError {
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
  return new StateManagerError("invalid_configuration", detail, { errors });
}

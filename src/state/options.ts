import { batched } from "../backends/batching.ts";
import {
  BACKEND_TYPES,
  type BackendConfig,
  type BackendType,
  parseBackend,
} from "../backends/configuration/options.ts";
import type { StorageBackend } from "../backends/types.ts";
import { type ErrorItem, StateManagerError } from "../model/errors.ts";
import { TenantId } from "../model/names.ts";
import { once } from "../model/once.ts";
import { problemsOf } from "../model/parse.ts";
import * as z from "../model/zod.ts";

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
  code: string | null;
}

const Common = once(() =>
  z.strictObject({
    tenant: z._default(TenantId(), "local"),
    checkpointStrategy: z._default(z.enum(["always", "never", "time"]), "never"),
    compressionEnabled: z._default(z.boolean(), true),
    compressionLevel: z._default(z.int().check(z.minimum(1), z.maximum(9)), 6),
    batchSize: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 1),
    asyncOperations: z._default(z.boolean(), false),
    backend: z.optional(z.custom<StorageBackend>(isBackend, "must be a StorageBackend")),
    backendType: z.optional(z.enum(BACKEND_TYPES)),
    backendConfig: z.optional(z.unknown()),
    monitor: z.optional(z.custom<Monitor>(isMonitor, "must have a method record")),
  }),
);

/** Options of `StateManager`; all optional, none silently ignored. */
export interface StateManagerOptions {
  /** A store of your own making; else one by `backendType`. */
  backend?: StorageBackend;
  /** @default "memory" */
  backendType?: BackendType;
  backendConfig?: BackendConfig;
  /** @default "local" */
  tenant?: string;
  /** When a save does not say itself whether it checkpoints. @default "never" */
  checkpointStrategy?: "always" | "never" | "time";
  /** @default true */
  compressionEnabled?: boolean;
  /** 1 (fast) to 9 (small). @default 6 */
  compressionLevel?: number;
  /** Commits made at the same time travel together, at most so many. @default 1 */
  batchSize?: number;
  /** A save returns before it is durable; `flush` waits for it and tells what failed. @default false */
  asyncOperations?: boolean;
  monitor?: Monitor;
}

export type Settings = z.infer<ReturnType<typeof Common>> & {
  maxFileSize: number;
  open: () => Promise<StorageBackend>;
};

const TWO_BACKENDS: ErrorItem = {
  pointer: "/backend",
  message: "give either backend, or backendType and backendConfig",
};

const METHODS: readonly (keyof StorageBackend)[] = [
  "load",
  "commit",
  "frames",
  "checkpoint",
  "checkpoints",
  "pipelines",
  "events",
  "due",
  "health",
  "close",
];

function isBackend(value: unknown): boolean {
  const given = value as Record<string, unknown> | null;
  return (
    typeof given?.capabilities === "object" && METHODS.every((name) => typeof given[name] === "function")
  );
}

function isMonitor(value: unknown): boolean {
  return typeof (value as Monitor | null)?.record === "function";
}

/** @throws StateManagerError `invalid_configuration`, with all problems together */
export function parseOptions(options: StateManagerOptions): Settings {
  const common = Common().safeParse(options);
  const { backend: given, backendType = "memory", backendConfig } = options ?? {};
  const store = parseBackend(BACKEND_TYPES.includes(backendType) ? backendType : "memory", backendConfig);
  const errors = [
    ...(common.error ? problemsOf(common.error) : []),
    ...("errors" in store ? store.errors : []),
    ...(given && (options.backendType ?? backendConfig) ? [TWO_BACKENDS] : []),
  ];
  if (errors.length > 0 || !common.data || "errors" in store) throw refused(errors);
  const { maxFileSize = Number.MAX_SAFE_INTEGER } = store;
  const open = async () => maybeBatched(given ?? (await store.open()), common.data.batchSize);
  return { ...common.data, maxFileSize, open };
}

function maybeBatched(backend: StorageBackend, size: number): StorageBackend {
  return size > 1 ? batched(backend, size) : backend;
}

function refused(errors: ErrorItem[]): StateManagerError {
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
  return new StateManagerError("invalid_configuration", detail, { errors });
}

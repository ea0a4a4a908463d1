import * as z from "zod";
import { batched } from "../backends/batching.ts";
import { memoryBackend } from "../backends/memory.ts";
import type { StorageBackend } from "../backends/types.ts";
import { StateManagerError } from "../model/errors.ts";
import { TenantId } from "../model/ids.ts";

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

const FolderConfig = z.strictObject({
  /** The folder; made if missing. */
  path: z.string().min(1),
  /** The largest state or checkpoint, bytes. */
  maxFileSize: z.int().min(1).optional(),
});
const MemoryConfig = z.strictObject({ maxFileSize: z.int().min(1).optional() });

const Common = z.strictObject({
  tenant: TenantId.default("local"),
  checkpointStrategy: z.enum(["always", "never", "time"]).default("never"),
  compressionEnabled: z.boolean().default(true),
  compressionLevel: z.int().min(1).max(9).default(6),
  batchSize: z.int().min(1).max(1000).default(1),
  asyncOperations: z.boolean().default(false),
  backend: z.custom<StorageBackend>((value) => typeof value === "object" && value !== null).optional(),
  backendType: z.enum(["memory", "folder"]).optional(),
  backendConfig: z.unknown().optional(),
  monitor: z.custom<Monitor>((value) => typeof (value as Monitor | null)?.record === "function").optional(),
});

/** Options of `StateManager`; all optional, none silently ignored. */
export interface StateManagerOptions {
  /** A store of your own making; else one by `backendType`. */
  backend?: StorageBackend;
  /** @default "memory" */
  backendType?: "memory" | "folder";
  backendConfig?: { path?: string; maxFileSize?: number };
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

export type Settings = z.infer<typeof Common> & { maxFileSize: number; open: () => Promise<StorageBackend> };

/** @throws StateManagerError `invalid_configuration`, with all problems together */
export function parseOptions(options: StateManagerOptions): Settings {
  const common = Common.safeParse(options);
  const kind = options.backendType ?? "memory";
  const schema = kind === "folder" ? FolderConfig : MemoryConfig;
  const config = schema.safeParse(options.backendConfig ?? {});
  const issues = [
    ...(common.error?.issues ?? []),
    ...(config.error?.issues ?? []).map((issue) => ({ ...issue, path: ["backendConfig", ...issue.path] })),
    ...(options.backend && (options.backendType ?? options.backendConfig)
      ? [{ path: ["backend"], message: "give either backend, or backendType and backendConfig" }]
      : []),
  ];
  if (issues.length > 0 || !common.data || !config.data) throw refused(issues);
  const { maxFileSize = Number.MAX_SAFE_INTEGER } = config.data;
  const path = "path" in config.data ? (config.data.path as string) : "";
  const backend = () => options.backend ?? openBackend(kind, path);
  const open = async () => maybeBatched(await backend(), common.data.batchSize);
  return { ...common.data, maxFileSize, open };
}

async function openBackend(kind: "memory" | "folder", path: string): Promise<StorageBackend> {
  if (kind === "memory") return memoryBackend();
  const { objectBackend } = await import("../backends/object/backend.ts");
  const { folderStore } = await import("../backends/object/folder.ts");
  // One machine, one clock: nobody's lease needs slack.
  return objectBackend({ store: await folderStore({ path }), clockSlackSeconds: 0 });
}

function maybeBatched(backend: StorageBackend, size: number): StorageBackend {
  return size > 1 ? batched(backend, size) : backend;
}

function refused(issues: readonly { path: PropertyKey[]; message: string }[]): StateManagerError {
  const errors = issues.map(({ path, message }) => ({ pointer: `/${path.map(String).join("/")}`, message }));
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
  return new StateManagerError("invalid_configuration", detail, { errors });
}

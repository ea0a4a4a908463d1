export type { BackendConfig, BackendType } from "./backends/configuration/options.ts";
export { type DynamodbOptions, dynamodbBackend } from "./backends/dynamodb/backend.ts";
export { memoryBackend } from "./backends/memory.ts";
export { type ObjectOptions, objectBackend } from "./backends/object/backend.ts";
export { type FolderOptions, folderStore } from "./backends/object/folder.ts";
export { type R2Options, r2Store } from "./backends/object/r2.ts";
export { type S3Options, s3Store } from "./backends/object/s3.ts";
export type { ObjectStore } from "./backends/object/store.ts";
export { type PostgresOptions, postgresBackend } from "./backends/postgres/index.ts";
export { type RedisOptions, redisBackend } from "./backends/redis/index.ts";
export type { StorageBackend } from "./backends/types.ts";
export { inProcess } from "./http/in-process.ts";
export { CairnError, type ErrorCode, RecoveryError, StateManagerError } from "./model/errors.ts";
export type { AlertThresholds, AlertView } from "./monitoring/alert-rules.ts";
export type { Operation } from "./monitoring/counts.ts";
export type { StateMetrics } from "./monitoring/state-metrics.ts";
export { type MetricsBackend, StateMonitor, type StateMonitorOptions } from "./monitoring/state-monitor.ts";
export type { InterruptedPipeline } from "./recovery/detect.ts";
export type { Imported } from "./recovery/export/import.ts";
export {
  type ForkedPipeline,
  type ForkOptions,
  type RecoveredPipeline,
  type RecoverOptions,
  type RollbackOptions,
  StateRecovery,
  type StateRecoveryOptions,
} from "./recovery/state-recovery.ts";
export { type LoadedState, type SaveOptions, type SaveResult, StateManager } from "./state/manager.ts";
export type { StateManagerOptions } from "./state/options.ts";
export { SimpleStateManager } from "./state/simple.ts";

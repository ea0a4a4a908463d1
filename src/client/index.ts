/**
 * The client of a Cairn service: for Node, workerd, Deno, Bun and browsers.
 *
 * @module
 */
export type { ErrorCode } from "../model/errors.ts";
export { Cairn, type CairnOptions } from "./cairn.ts";
export type {
  CheckpointOptions,
  CleanupOptions,
  ForceOptions,
  ForkedPipeline,
  ForkOptions,
  HeartbeatAnswer,
  Lease,
  LeaseOptions,
  LoadedCheckpoint,
  Page,
  RecoverOptions,
  RestoredPipeline,
  ResumedPipeline,
  ResumeOptions,
  RollbackOptions,
} from "./calls/pipeline.ts";
export type { ClaimedPipeline, ClaimOptions, PipelineFilter } from "./calls/service.ts";
export { CairnClientError, CairnHttpError, CairnValueError, type ClientErrorCode } from "./errors.ts";
export type { LoadOptions, PageOptions, RegisterOptions, SaveOptions, WriteOptions } from "./options.ts";
export type { Loaded, LoadedBytes, Pipeline, SaveBytesOptions } from "./pipeline.ts";
export { CairnLeaseError } from "./run/lease-error.ts";
export type { Run, RunOptions, StepFacts } from "./run/run.ts";
export type { SaveResult } from "./save.ts";
export type { Answer, Outgoing } from "./send.ts";
export type { TaskFacts } from "./task.ts";
export { type Content, decodeValue, encodeValue, VALUES_TYPE } from "./values.ts";

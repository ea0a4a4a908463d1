import type { Page, PageRequest, PipelineFilter } from "../backends/types.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { PipelineSummary } from "../model/pipeline-view.ts";
import type { Situation } from "../model/task.ts";
import type { StateMetrics } from "../monitoring/state-metrics.ts";
import type { InterruptedPipeline } from "../recovery/detect.ts";
import type { Imported } from "../recovery/export/import.ts";
import type { Forked } from "../recovery/fork.ts";
import type { CleanupOptions } from "../recovery/retention/cleanup.ts";
import type { RecoverTarget, Restored } from "../recovery/rollback.ts";
import type { CheckpointInput } from "../state/checkpoints.ts";
import type { Caller } from "../state/core.ts";
import type { StateDiff } from "../state/diff.ts";
import type { Resumed, ResumeInput } from "../state/resume.ts";
import type { Saved, SaveInput } from "../state/save.ts";

/** A content, and what is known of it. */
export interface Stored {
  content: Uint8Array;
  contentType: string;
  version: number;
  savedAt: string;
  sha256: string;
}

export interface SaveRequest extends SaveInput {
  /** Merge with what was saved since this version, where it is not the current one. */
  mergeFrom?: number;
  /** Of what a merge makes. */
  maxBytes: number;
}

/** The lease, and the content to go on from; null when there is none. */
export type Taken = Omit<Resumed, "point" | "replayed" | "kind" | "policy"> & { content: Uint8Array | null };

/**
 * What the objects of the library are made of, each on one pipeline or on all: done by this process over a store
 * (`local.ts`), or by a service (`remote.ts`). What they are given was checked. They throw CairnError.
 */
export interface Verbs {
  save(id: string, input: SaveRequest): Promise<Saved["result"]>;
  load(id: string): Promise<Stored>;
  evaluate(id: string, situation: Situation): Promise<Decision>;
  createCheckpoint(id: string, input: CheckpointInput): Promise<Checkpoint>;
  listCheckpoints(id: string, page: PageRequest & { label?: string }): Promise<Page<Checkpoint>>;
  deleteCheckpoint(id: string, checkpointId: string, caller: Caller): Promise<void>;
  verifyCheckpoint(id: string, checkpointId: string): Promise<{ valid: boolean; problems: string[] }>;
  diffCheckpoints(id: string, from: string, to: string): Promise<StateDiff>;
  resume(id: string, input: ResumeInput): Promise<Taken>;
  remove(id: string, caller: Caller): Promise<void>;
  listEvents(id: string, page: PageRequest): Promise<Page<PipelineEvent>>;
  cleanup(id: string, options: CleanupOptions): Promise<{ deleted: number }>;
  recover(id: string, target: RecoverTarget, caller: Caller): Promise<Omit<Restored, "replayed">>;
  rollback(
    id: string,
    target: { checkpointId?: string; steps?: number },
    caller: Caller,
  ): Promise<Omit<Restored, "replayed">>;
  fork(
    id: string,
    target: { pipelineId: string; checkpointId?: string },
    caller: Pick<Caller, "idempotencyKey">,
  ): Promise<Omit<Forked, "replayed">>;
  export(id: string): Promise<AsyncIterable<Uint8Array>>;
  import(id: string, file: Blob): Promise<Imported>;
  listPipelines(filter: PipelineFilter, page: PageRequest): Promise<Page<PipelineSummary>>;
  listInterrupted(): Promise<InterruptedPipeline[]>;
  metrics(): Promise<StateMetrics>;
  /** Counts what was done, where nobody else does. */
  count(increments: Readonly<Record<string, number>>): void;
  /** After each verb, whatever became of it. */
  rest(): void;
  close(): Promise<void>;
}

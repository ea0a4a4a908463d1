import { storedBytesOf } from "./chain.ts";
import type { Checkpoint, CheckpointRecord } from "./checkpoint.ts";
import type { Head } from "./head.ts";
import type { PipelineSummary, PipelineView } from "./pipeline-view.ts";

/** The record without what only the store needs. */
export function checkpointView(record: CheckpointRecord): Checkpoint {
  const { frame: _frame, ...view } = record;
  return view;
}

export function pipelineSummary(head: Head): PipelineSummary {
  const { pipelineId, kind, labels, status, version, revision, fence, attempt, createdAt, updatedAt } = head;
  return {
    ...{ pipelineId, kind, labels, status, version, revision, fence, attempt },
    bytes: head.state?.bytes ?? 0,
    storedBytes: head.state ? storedBytesOf(head.state.frame) : 0,
    createdAt,
    updatedAt,
    savedAt: head.state?.savedAt ?? null,
    lease: head.lease && { ...head.lease, fence },
  };
}

export function pipelineView(head: Head): PipelineView {
  return {
    ...pipelineSummary(head),
    contentType: head.state?.contentType ?? null,
    sha256: head.state?.sha256 ?? null,
    verified: head.state?.verified ?? false,
    checkpointCount: head.checkpointCount,
    lastCheckpoint: head.lastCheckpoint && checkpointView(head.lastCheckpoint),
    policy: head.policy,
    retention: head.retention,
    recovery: head.recovery,
    tasks: head.tasks,
    merge: head.merge,
  };
}

/** What was registered, for another pipeline to have the same. */
export function settingsOf({ kind, labels, policy, retention, recovery, tasks, merge }: Head) {
  return { kind, labels, policy, retention, recovery, tasks, merge };
}

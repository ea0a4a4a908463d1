import { NO_CARE } from "../model/care.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";

/** The head of a pipeline that nobody has written yet. */
export function freshHead(key: PipelineKey, at: string): Head {
  return {
    tenant: key.tenant,
    pipelineId: key.pipelineId,
    revision: 0,
    version: 0,
    fence: 0,
    deleted: false,
    status: "running",
    attempt: 0,
    createdAt: at,
    updatedAt: at,
    kind: "default",
    labels: {},
    policy: {},
    retention: { keepLast: 100 },
    recovery: {},
    tasks: [],
    merge: {},
    lease: null,
    lookAt: null,
    care: NO_CARE,
    state: null,
    history: [],
    checkpointCount: 0,
    sequence: 0,
    lastCheckpoint: null,
    writes: [],
  };
}

/** A deleted pipeline starts anew: its counters go on, so that nothing old can pass for something new. */
export function reborn(head: Head, at: string): Head {
  const { revision, version, fence, sequence } = head;
  return { ...freshHead(head, at), revision, version, fence, sequence };
}

/** What is left of a deleted pipeline. The fence rises, so that whoever held the lease has lost it. */
export function tombstone(head: Head, at: string): Head {
  const next = reborn(head, head.createdAt);
  return { ...next, updatedAt: at, deleted: true, revision: head.revision + 1, fence: head.fence + 1 };
}

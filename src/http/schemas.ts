import * as z from "zod";
import { Checkpoint, Decision } from "../model/checkpoint.ts";
import { ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import { PipelineEvent } from "../model/event.ts";
import { PipelineSummary } from "../model/head.ts";
import { CheckpointId, PipelineId } from "../model/ids.ts";
import { Owner, Timestamp } from "../model/pipeline.ts";

/* What the answers hold that no record does. */

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const SaveResult = z
  .object({
    pipelineId: PipelineId,
    version: z.int(),
    bytes: z.int(),
    storedBytes: z.int(),
    sha256: Sha256,
    savedAt: Timestamp,
    checkpoint: Checkpoint.nullable(),
    decision: Decision.nullable(),
  })
  .meta({ id: "SaveResult" });

export const Verification = z
  .object({ valid: z.boolean(), problems: z.array(z.string()) })
  .meta({ id: "Verification" });

export const LeaseGrant = z
  .object({ fence: z.int(), owner: Owner, expiresAt: Timestamp })
  .meta({ id: "LeaseGrant" });

export const Heartbeat = z.object({ expiresAt: Timestamp, decision: Decision }).meta({ id: "Heartbeat" });

export const Resumed = z
  .object({
    pipelineId: PipelineId,
    fence: z.int(),
    owner: Owner,
    expiresAt: Timestamp,
    attempt: z.int(),
    version: z.int(),
    checkpointId: CheckpointId.nullable(),
    contentType: z.string().nullable(),
    state: z.unknown().meta({ description: "The JSON as saved; null for other types and for large states." }),
    stateUrl: z.string().nullable(),
  })
  .meta({ id: "Resumed" });

export const Restored = z
  .object({
    pipelineId: PipelineId,
    version: z.int(),
    checkpointId: CheckpointId,
    contentType: z.string(),
    bytes: z.int(),
    storedBytes: z.int(),
    sha256: Sha256,
    savedAt: Timestamp,
    quarantined: z.array(z.object({ checkpointId: CheckpointId, problem: z.string() })),
  })
  .meta({ id: "Restored" });

export const Swept = z
  .object({ due: z.int(), interrupted: z.int(), more: z.boolean() })
  .meta({ id: "Swept" });

export const Readiness = z
  .object({ ready: z.boolean(), backend: z.string(), problems: z.array(z.string()) })
  .meta({ id: "Readiness" });

export const CheckpointPage = pageOf(Checkpoint).meta({ id: "CheckpointPage" });
export const PipelinePage = pageOf(PipelineSummary).meta({ id: "PipelinePage" });
export const EventPage = pageOf(PipelineEvent).meta({ id: "EventPage" });

function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), cursor: z.string().nullable(), hasMore: z.boolean() });
}

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });

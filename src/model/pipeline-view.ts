import { Checkpoint } from "./checkpoint.ts";
import { PipelineId } from "./names.ts";
import { once } from "./once.ts";
import {
  Kind,
  Labels,
  MergePolicy,
  Owner,
  PlannedTask,
  Policy,
  Recovery,
  Retention,
  Status,
  Timestamp,
  TtlSeconds,
} from "./pipeline.ts";
import * as z from "./zod.ts";

const LeaseView = once(() =>
  z
    .object({ owner: Owner(), fence: z.int(), ttlSeconds: TtlSeconds(), expiresAt: Timestamp() })
    .check(z.meta({ id: "Lease" })),
);

const summary = once(() =>
  z.object({
    pipelineId: PipelineId(),
    kind: Kind(),
    labels: Labels(),
    status: Status(),
    version: z.int(),
    revision: z.int(),
    fence: z.int(),
    attempt: z.int(),
    bytes: z.int(),
    storedBytes: z.int(),
    createdAt: Timestamp(),
    updatedAt: Timestamp(),
    savedAt: z.nullable(Timestamp()),
    lease: z.nullable(LeaseView()),
  }),
);

/** A pipeline as lists show it. */
export const PipelineSummary = once(() => summary().check(z.meta({ id: "PipelineSummary" })));
export type PipelineSummary = z.infer<ReturnType<typeof PipelineSummary>>;

/** A pipeline as `GET /v1/pipelines/{id}` shows it: the head without what only the store needs. */
export const PipelineView = once(() =>
  z
    .extend(summary(), {
      contentType: z.nullable(z.string()),
      sha256: z.nullable(z.string()),
      verified: z.boolean(),
      checkpointCount: z.int(),
      lastCheckpoint: z.nullable(Checkpoint()),
      policy: Policy(),
      retention: Retention(),
      recovery: Recovery(),
      tasks: z.array(PlannedTask()),
      merge: MergePolicy(),
    })
    .check(z.meta({ id: "Pipeline" })),
);
export type PipelineView = z.infer<ReturnType<typeof PipelineView>>;

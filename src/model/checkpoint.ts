import * as z from "zod";
import { FrameRef } from "./frame.ts";
import { CheckpointId, PipelineId } from "./ids.ts";
import { Timestamp } from "./pipeline.ts";

export const Label = z.string().min(1).max(256).meta({ example: "before-migration" });
export const Metadata = z
  .record(z.string().max(128), z.json())
  .refine((value) => JSON.stringify(value).length <= 4096, "at most 4096 characters of JSON")
  .meta({ id: "Metadata" });

/** Why a checkpoint was made, as `decide` explained it. */
export const Decision = z
  .object({
    checkpoint: z.boolean(),
    strategy: z.enum(["adaptive", "time", "progress", "event", "always", "never"]),
    reason: z.string(),
    criticality: z.number(),
    expectedLossSeconds: z.number(),
    checkpointCostSeconds: z.number(),
    failuresPerHour: z.number(),
    nextCheckSeconds: z.number(),
  })
  .meta({ id: "Decision" });
export type Decision = z.infer<typeof Decision>;

/** An immutable snapshot, as it goes over the wire: never with its payload. */
export const Checkpoint = z
  .object({
    checkpointId: CheckpointId,
    pipelineId: PipelineId,
    version: z.int(),
    /** Rises by one with each checkpoint of the pipeline; the newest is the one with the highest. */
    sequence: z.int(),
    createdAt: Timestamp,
    /** `state`: a snapshot of the state; `data`: given with the call, restored only when named. */
    source: z.enum(["state", "data"]),
    label: z.string().nullable(),
    metadata: Metadata.nullable(),
    reason: z.string().nullable(),
    contentType: z.string(),
    bytes: z.int(),
    storedBytes: z.int(),
    sha256: z.string(),
    verified: z.boolean(),
    /** When it was found damaged, else null. */
    quarantinedAt: Timestamp.nullable(),
  })
  .meta({ id: "Checkpoint" });
export type Checkpoint = z.infer<typeof Checkpoint>;

/** As it is stored. */
export const CheckpointRecord = Checkpoint.extend({ frame: FrameRef });
export type CheckpointRecord = z.infer<typeof CheckpointRecord>;

/** The record without what only the store needs. */
export function checkpointView(record: CheckpointRecord): Checkpoint {
  const { frame: _frame, ...view } = record;
  return view;
}

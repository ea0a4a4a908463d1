import type { FrameRef } from "./frame.ts";
import { CheckpointId, PipelineId } from "./names.ts";
import { once } from "./once.ts";
import { Timestamp } from "./pipeline.ts";
import * as z from "./zod.ts";

export const Label = once(() =>
  z.string().check(z.minLength(1), z.maxLength(256), z.meta({ example: "before-migration" })),
);
export const Metadata = once(() =>
  z.record(z.string().check(z.maxLength(128)), z.json()).check(
    z.refine((value) => JSON.stringify(value).length <= 4096, "at most 4096 characters of JSON"),
    z.meta({ id: "Metadata" }),
  ),
);

/** Why a checkpoint was made, as `decide` explained it. */
export const Decision = once(() =>
  z
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
    .check(z.meta({ id: "Decision" })),
);
export type Decision = z.infer<ReturnType<typeof Decision>>;

/** An immutable snapshot, as it goes over the wire: never with its payload. */
export const Checkpoint = once(() =>
  z
    .object({
      checkpointId: CheckpointId(),
      pipelineId: PipelineId(),
      version: z.int(),
      /** Rises by one with each checkpoint of the pipeline; the newest is the one with the highest. */
      sequence: z.int(),
      createdAt: Timestamp(),
      /** `state`: a snapshot of the state; `data`: given with the call, restored only when named. */
      source: z.enum(["state", "data"]),
      label: z.nullable(z.string()),
      metadata: z.nullable(Metadata()),
      reason: z.nullable(z.string()),
      contentType: z.string(),
      bytes: z.int(),
      storedBytes: z.int(),
      sha256: z.string(),
      verified: z.boolean(),
      /** When it was found damaged, else null. */
      quarantinedAt: z.nullable(Timestamp()),
    })
    .check(z.meta({ id: "Checkpoint" })),
);
export type Checkpoint = z.infer<ReturnType<typeof Checkpoint>>;

/** As it is stored. */
export type CheckpointRecord = Checkpoint & { frame: FrameRef };

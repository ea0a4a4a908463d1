import * as z from "zod";
import { Timestamp } from "./pipeline.ts";

export const EventType = z.enum([
  "created",
  "checkpointed",
  "checkpointDeleted",
  "leased",
  "released",
  "resumed",
  "interrupted",
  "recovered",
  "rolledBack",
  "quarantined",
  "completed",
  "failed",
  "cancelled",
]);
export type EventType = z.infer<typeof EventType>;

/** What happened to a pipeline; `eventId` is unique in it and rises with its revision. */
export const PipelineEvent = z
  .object({
    eventId: z.string(),
    at: Timestamp,
    type: EventType,
    version: z.int(),
    fence: z.int(),
    checkpointId: z.string().optional(),
    owner: z.string().optional(),
    detail: z.string().optional(),
  })
  .meta({ id: "Event" });
export type PipelineEvent = z.infer<typeof PipelineEvent>;

/** An event before the commit gives it its id, time, version and fence. */
export type EventDraft = Omit<PipelineEvent, "eventId" | "at" | "version" | "fence">;

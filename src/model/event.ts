import { once } from "./once.ts";
import { Timestamp } from "./pipeline.ts";
import * as z from "./zod.ts";

export const EventType = once(() =>
  z.enum([
    "created",
    "checkpointed",
    "checkpointDeleted",
    "pruned",
    "leased",
    "released",
    "resumed",
    "interrupted",
    "recovered",
    "rolledBack",
    "forked",
    "imported",
    "quarantined",
    "completed",
    "failed",
    "cancelled",
    "woken",
    "deadLettered",
  ]),
);
export type EventType = z.infer<ReturnType<typeof EventType>>;

/** What happened to a pipeline; `eventId` is unique in it and rises with its revision. */
export const PipelineEvent = once(() =>
  z
    .object({
      eventId: z.string(),
      at: Timestamp(),
      type: EventType(),
      version: z.int(),
      fence: z.int(),
      checkpointId: z.optional(z.string()),
      owner: z.optional(z.string()),
      detail: z.optional(z.string()),
    })
    .check(z.meta({ id: "Event" })),
);
export type PipelineEvent = z.infer<ReturnType<typeof PipelineEvent>>;

/** An event before the commit gives it its id, time, version and fence. */
export type EventDraft = Omit<PipelineEvent, "eventId" | "at" | "version" | "fence">;

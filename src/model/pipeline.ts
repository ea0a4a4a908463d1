import * as z from "zod";

export const Status = z
  .enum(["running", "interrupted", "completed", "failed", "cancelled"])
  .meta({ id: "Status" });
export type Status = z.infer<typeof Status>;

export const FINISHED: readonly Status[] = ["completed", "failed", "cancelled"];

/** RFC 3339 in UTC with milliseconds: the one form records use, so that text order is time order. */
export const Timestamp = z.iso.datetime({ precision: 3 }).meta({ example: "2026-11-23T08:00:00.000Z" });

export const Labels = z
  .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/), z.string().max(256))
  .refine((labels) => Object.keys(labels).length <= 32, "at most 32 labels")
  .meta({ id: "Labels", example: { team: "search" } });
export type Labels = z.infer<typeof Labels>;

export const Kind = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "1 to 128 of A-Z a-z 0-9 . _ -")
  .meta({ example: "nightly-etl" });

export const TtlSeconds = z.int().min(1).max(86_400);
export const Owner = z.string().min(1).max(256).meta({ example: "worker-7" });

const seconds = z.number().min(0).max(31_536_000);

export const Policy = z
  .strictObject({
    strategy: z.enum(["adaptive", "time", "progress", "event", "always", "never"]),
    minIntervalSeconds: seconds,
    maxIntervalSeconds: seconds,
    criticalityThreshold: z.number().min(0).max(1),
    storageBudgetBytes: z.int().min(0),
    progressStep: z.number().gt(0).max(1),
    events: z.array(z.string().min(1).max(128)).max(64),
  })
  .partial()
  .meta({ id: "Policy" });
export type Policy = z.infer<typeof Policy>;

export const Retention = z
  .strictObject({
    keepLast: z.int().min(1),
    keepForSeconds: seconds,
    maxBytes: z.int().min(0),
    thin: z.boolean(),
    deleteAfterSeconds: seconds,
  })
  .partial()
  .meta({ id: "Retention" });
export type Retention = z.infer<typeof Retention>;

export const Recovery = z
  .strictObject({
    auto: z.boolean(),
    webhookUrl: z.url({ protocol: /^https$/ }).max(2048),
    maxAttempts: z.int().min(1).max(1000),
    backoffSeconds: seconds,
    silenceSeconds: z.number().min(1).max(31_536_000),
  })
  .partial()
  .meta({ id: "Recovery" });
export type Recovery = z.infer<typeof Recovery>;

/** A task of a declared plan. */
export const PlannedTask = z
  .strictObject({
    name: z.string().min(1).max(256),
    seconds: seconds.optional(),
    after: z.array(z.string().min(1).max(256)).max(256).optional(),
    bytes: z.int().min(0).optional(),
    criticality: z.number().min(0).max(1).optional(),
  })
  .meta({ id: "PlannedTask" });

export const MergePolicy = z
  .record(z.string().regex(/^(\/([^~]|~[01])*)?$/), z.enum(["ours", "theirs", "union", "max", "sum"]))
  .meta({ id: "MergePolicy" });

/** What `PUT /v1/pipelines/{id}` registers or updates; what is left out stays as it is. */
export const Settings = z
  .strictObject({
    kind: Kind,
    labels: Labels,
    policy: Policy,
    retention: Retention,
    recovery: Recovery,
    tasks: z.array(PlannedTask).max(10_000),
    merge: MergePolicy,
  })
  .partial()
  .meta({ id: "Settings" });
export type Settings = z.infer<typeof Settings>;

import { once } from "./once.ts";
import * as z from "./zod.ts";

export const Status = once(() =>
  z.enum(["running", "interrupted", "completed", "failed", "cancelled"]).check(z.meta({ id: "Status" })),
);
export type Status = z.infer<ReturnType<typeof Status>>;

/** RFC 3339 in UTC with milliseconds: the one form records use, so that text order is time order. */
export const Timestamp = once(() =>
  z.iso.datetime({ precision: 3 }).check(z.meta({ example: "2026-11-23T08:00:00.000Z" })),
);

export const Labels = once(() =>
  z
    .record(
      z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/)),
      z.string().check(z.maxLength(256)),
    )
    .check(
      z.refine((labels) => Object.keys(labels).length <= 32, "at most 32 labels"),
      z.meta({ id: "Labels", example: { team: "search" } }),
    ),
);
export type Labels = z.infer<ReturnType<typeof Labels>>;

/** A moment as a caller may write it, RFC 3339 in UTC; as records have it when parsed. */
export const Moment = once(() =>
  z.pipe(
    z.iso.datetime(),
    z.transform((text) => new Date(text).toISOString()),
  ),
);

export const Kind = once(() =>
  z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "1 to 128 of A-Z a-z 0-9 . _ -"),
      z.meta({ id: "Kind", example: "nightly-etl" }),
    ),
);

export const TtlSeconds = once(() => z.int().check(z.minimum(1), z.maximum(86_400)));
export const Owner = once(() =>
  z.string().check(z.minLength(1), z.maxLength(256), z.meta({ example: "worker-7" })),
);

const seconds = once(() => z.number().check(z.minimum(0), z.maximum(31_536_000)));

export const Policy = once(() =>
  z
    .partial(
      z.strictObject({
        strategy: z.enum(["adaptive", "time", "progress", "event", "always", "never"]),
        minIntervalSeconds: seconds(),
        maxIntervalSeconds: seconds(),
        criticalityThreshold: z.number().check(z.minimum(0), z.maximum(1)),
        storageBudgetBytes: z.int().check(z.minimum(0)),
        progressStep: z.number().check(z.gt(0), z.maximum(1)),
        events: z.array(z.string().check(z.minLength(1), z.maxLength(128))).check(z.maxLength(64)),
      }),
    )
    .check(z.meta({ id: "Policy" })),
);
export type Policy = z.infer<ReturnType<typeof Policy>>;

export const Retention = once(() =>
  z
    .partial(
      z.strictObject({
        keepLast: z.int().check(z.minimum(1)),
        keepForSeconds: seconds(),
        maxBytes: z.int().check(z.minimum(0)),
        thin: z.boolean(),
        deleteAfterSeconds: seconds(),
      }),
    )
    .check(z.meta({ id: "Retention" })),
);
export type Retention = z.infer<ReturnType<typeof Retention>>;

export const Recovery = once(() =>
  z
    .partial(
      z.strictObject({
        auto: z.boolean(),
        // Which hosts may be called, and which of them without TLS, is decided where it is registered.
        webhookUrl: z.url({ protocol: /^https?$/ }).check(z.maxLength(2048)),
        maxAttempts: z.int().check(z.minimum(1), z.maximum(1000)),
        backoffSeconds: seconds(),
        silenceSeconds: z.number().check(z.minimum(1), z.maximum(31_536_000)),
      }),
    )
    .check(z.meta({ id: "Recovery" })),
);
export type Recovery = z.infer<ReturnType<typeof Recovery>>;

/** A task of a declared plan. */
export const PlannedTask = once(() =>
  z
    .strictObject({
      name: z.string().check(z.minLength(1), z.maxLength(256)),
      seconds: z.optional(seconds()),
      after: z.optional(z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.maxLength(256))),
      bytes: z.optional(z.int().check(z.minimum(0))),
      criticality: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
    })
    .check(z.meta({ id: "PlannedTask" })),
);

export const MergePolicy = once(() =>
  z
    .record(
      z.string().check(z.regex(/^(\/([^~]|~[01])*)?$/)),
      z.enum(["ours", "theirs", "union", "max", "sum"]),
    )
    .check(
      z.meta({
        id: "MergePolicy",
        description:
          "How clashes of `onConflict=merge` are settled, by the longest JSON Pointer that is their own or a prefix of it. `ours`: what the service has; `theirs`: what is being saved; `union`: of arrays, the items of both without those that either removed; `max`: the larger number; `sum`: the base's number and both differences, the same ones too. A rule that does not fit the values settles nothing.",
        example: { "/counts": "sum", "/tags": "union" },
      }),
    ),
);
export type MergePolicy = z.infer<ReturnType<typeof MergePolicy>>;

/** What `PUT /v1/pipelines/{id}` registers or updates; what is left out stays as it is. */
export const Settings = once(() =>
  z
    .partial(
      z.strictObject({
        kind: Kind(),
        labels: Labels(),
        policy: Policy(),
        retention: Retention(),
        recovery: Recovery(),
        tasks: z.array(PlannedTask()).check(z.maxLength(10_000)),
        merge: MergePolicy(),
      }),
    )
    .check(z.meta({ id: "Settings" })),
);
export type Settings = z.infer<ReturnType<typeof Settings>>;

import type { ErrorCode } from "../../model/errors.ts";
import { once } from "../../model/once.ts";
import * as z from "../../model/zod.ts";
import type { AnswerSpec } from "../route.ts";

/** The paths that several routes share. */
export const PIPELINE = "/v1/pipelines/{pipelineId}";

/** What every write may be refused with. */
export const WRITE_ERRORS = [
  "not_found",
  "pipeline_deleted",
  "lease_held",
  "fence_lost",
  "idempotency_mismatch",
  "outcome_unknown",
  "insufficient_storage",
] as const satisfies ErrorCode[];

/** And those that add to what a tenant has. */
export const ADDING_ERRORS = [...WRITE_ERRORS, "quota_exceeded"] as const satisfies ErrorCode[];

/** What reading stored content may meet. */
export const READ_ERRORS = ["not_found", "unrecoverable"] as const satisfies ErrorCode[];

/** Of a body that may take a live lease away. */
export const force = once(() =>
  z.optional(z.boolean()).check(z.meta({ description: "Take a live lease away (scope `admin`)." })),
);

/** An answer of JSON. */
export function answer(description: string, schema: () => z.ZodMiniType, ...headers: string[]): AnswerSpec {
  return { description, content: { "application/json": { schema } }, headers };
}

const STORED = ["ETag", "Repr-Digest", "Last-Modified", "Cairn-Saved-At", "Accept-Ranges"];

/** An answer of stored bytes. */
export const storedContent: AnswerSpec = {
  description: 'The exact bytes that were saved, or with `select` the parts: `{"/a/b": value}`.',
  content: { "*/*": {}, "application/json": {} },
  headers: STORED,
};

/** An answer of a range of stored bytes. */
export const storedRange: AnswerSpec = {
  description: "The bytes that `Range` asks for.",
  content: { "*/*": {} },
  headers: [...STORED, "Content-Range"],
};

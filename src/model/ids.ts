import { v7 } from "uuid";
import * as z from "zod";

/** `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`, no `..`: safe in a key, a path and a query as it is. */
const NAME = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const PipelineId = z
  .string()
  .regex(NAME, "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit, without '..'")
  .meta({ id: "PipelineId", example: "nightly-2026-11-23" });

export const TenantId = z.string().regex(NAME, "1 to 128 of A-Z a-z 0-9 . _ -, without '..'");

export const CheckpointId = z
  .string()
  .regex(UUID, "a UUIDv7 in lowercase")
  .meta({ id: "CheckpointId", example: "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a" });

/** A pipeline's full name: the tenant comes only from the API key. */
export interface PipelineKey {
  readonly tenant: string;
  readonly pipelineId: string;
}

/** A new checkpoint id (UUIDv7, RFC 9562). */
export function newCheckpointId(): string {
  return v7();
}

/** A new write id, for a request that brought no idempotency key. */
export function newWriteId(): string {
  return v7();
}

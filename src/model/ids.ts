import { v7 } from "uuid";

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

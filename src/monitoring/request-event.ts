import type { ErrorCode } from "../model/errors.ts";

/** Where a request is in a distributed trace (W3C Trace Context), ids in hex. */
export interface Trace {
  traceId: string;
  /** Of the request itself. */
  spanId: string;
  /** Of its caller; null where the trace begins here. */
  parentSpanId: string | null;
  /** Its caller keeps the trace, or there was nobody to say so. */
  sampled: boolean;
}

/** All that is told of one request: no payload, no URL, no header but the ids its caller gave it. */
export interface RequestEvent extends Trace {
  event: "request";
  /** When it was answered. */
  at: string;
  requestId: string;
  /** "": of nobody who is known. */
  tenant: string;
  operation: string;
  pipelineId: string | null;
  /** Of the state or checkpoint that was written or read. */
  version: number | null;
  status: number;
  code: ErrorCode | "ok";
  /** Until the answer began, as all that follows: a content that is read while it is sent is not in it. */
  seconds: number;
  bytesIn: number;
  bytesOut: number;
  /** Calls of the store, and how long they took, each counted by itself. */
  storeCalls: number;
  storeMs: number;
}

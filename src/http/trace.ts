import { toHex } from "../frames/digest.ts";
import type { Trace } from "../monitoring/request-event.ts";

/** W3C Trace Context §3.2: a later version may have more fields. */
const GIVEN = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const SAMPLED = 1;

/** The trace that the caller's `traceparent` names; one that is not well-formed is none, and a trace begins here. */
export function traceOf({ headers }: Request): Trace {
  const [, traceId, parentSpanId, flags] = GIVEN.exec(headers.get("traceparent") ?? "") ?? [];
  const fresh = toHex(crypto.getRandomValues(new Uint8Array(24)));
  const spanId = fresh.slice(32);
  if (traceId === undefined)
    return { traceId: fresh.slice(0, 32), spanId, parentSpanId: null, sampled: true };
  const sampled = (Number.parseInt(flags!, 16) & SAMPLED) > 0;
  return { traceId, spanId, parentSpanId: parentSpanId!, sampled };
}

/** For the answer: by it a caller finds what is told of its request. */
export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

import type { Trace } from "../monitoring/request-event.ts";

/** W3C Trace Context §3.2: a later version may have more fields. */
const GIVEN = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const SAMPLED = 1;

/** The trace that the caller's `traceparent` names; one that is not well-formed is none, and a trace begins here. */
export function traceOf({ headers }: Request): Trace {
  const [, traceId, parentSpanId, flags] = GIVEN.exec(headers.get("traceparent") ?? "") ?? [];
  const spanId = randomHex().slice(16);
  if (traceId === undefined) return { traceId: randomHex(), spanId, parentSpanId: null, sampled: true };
  const sampled = (Number.parseInt(flags!, 16) & SAMPLED) > 0;
  return { traceId, spanId, parentSpanId: parentSpanId!, sampled };
}

/** 32 digits, neither half of them all 0; the last 15 are random, as W3C wants of the last 14. */
function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** For the answer: by it a caller finds what is told of its request. */
export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

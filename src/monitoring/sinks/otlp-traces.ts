import type { RequestEvent } from "../request-event.ts";
import { attributes, nanoseconds, SCOPE } from "./otlp-values.ts";

const KIND_SERVER = 2;
const STATUS_ERROR = 2;
const SAMPLED = 1;

/** An ExportTraceServiceRequest: one span for each request. */
export function tracesPayload(events: readonly RequestEvent[], resource: object): object {
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: SCOPE, spans: events.map(spanOf) }] }] };
}

function spanOf(event: RequestEvent): object {
  const { traceId, spanId, parentSpanId, operation: name, seconds, status } = event;
  const ended = Date.parse(event.at);
  return {
    ...{ traceId, spanId, ...(parentSpanId !== null && { parentSpanId }), flags: SAMPLED },
    ...{ name, kind: KIND_SERVER },
    startTimeUnixNano: nanoseconds(ended - seconds * 1000),
    endTimeUnixNano: nanoseconds(ended),
    attributes: attributesOf(event),
    // What its caller is to blame for is no error of a server's.
    ...(status >= 500 && { status: { code: STATUS_ERROR } }),
  };
}

function attributesOf(event: RequestEvent): object[] {
  const { code } = event;
  return attributes({
    "http.response.status_code": BigInt(event.status),
    "http.request.body.size": BigInt(event.bytesIn),
    "http.response.body.size": BigInt(event.bytesOut),
    "error.type": code === "ok" ? null : code,
    tenant: event.tenant,
    code,
    "cairn.request_id": event.requestId,
    "cairn.pipeline_id": event.pipelineId,
    "cairn.version": event.version === null ? null : BigInt(event.version),
    "cairn.store_calls": BigInt(event.storeCalls),
    "cairn.store_ms": event.storeMs,
  });
}

import type { ErrorCode } from "../model/errors.ts";
import { incrementsOf } from "../monitoring/counts.ts";
import { type Core, metricsKey } from "../state/core.ts";
import { requestIdOf } from "./request-id.ts";
import type { Route } from "./route.ts";

/** What is told of a request, beside its answer. */
export interface Asked {
  requestId: string;
  operationId: string;
  /** "": of nobody who is known. */
  tenant: string;
  pipelineId: string | null;
  bytesIn: number;
  code: ErrorCode | "ok";
  traceId: string | null;
  /** As `performance.now` has it. */
  started: number;
}

/** All that is told of one request: no payload, no URL, no header but the ids its caller gave it. */
export interface RequestEvent {
  event: "request";
  at: string;
  requestId: string;
  traceId: string | null;
  /** "": of nobody who is known. */
  tenant: string;
  operation: string;
  pipelineId: string | null;
  /** Of the state or checkpoint that was written or read. */
  version: number | null;
  status: number;
  code: string;
  seconds: number;
  bytesIn: number;
  bytesOut: number;
}

/** Where requests are counted, and told of. Must not throw. */
interface Accounts {
  core: Core;
  log: ((event: RequestEvent) => void) | null;
}

export function askedOf({ operationId }: Route, request: Request): Asked {
  const requestId = requestIdOf(request);
  const bytesIn = Number(request.headers.get("Content-Length") ?? 0);
  const started = performance.now();
  const nobody = { tenant: "", pipelineId: null, code: "ok" } as const;
  return { ...nobody, requestId, operationId, traceId: traceIdOf(request), bytesIn, started };
}

/** Counts a request of somebody who is known, for strangers make nothing be written; and tells of it. */
export function account({ core, log }: Accounts, asked: Asked, response: Response): void {
  const { operationId: operation, code, tenant, bytesIn } = asked;
  const seconds = (performance.now() - asked.started) / 1000;
  const bytesOut = Number(response.headers.get("Content-Length") ?? 0);
  if (tenant !== "")
    core.tally.count(metricsKey(tenant), incrementsOf({ operation, code, seconds, bytesIn, bytesOut }));
  log?.({
    event: "request",
    at: new Date().toISOString(),
    ...{ requestId: asked.requestId, traceId: asked.traceId, tenant, operation },
    ...{ pipelineId: asked.pipelineId, version: versionOf(response) },
    ...{ status: response.status, code, seconds, bytesIn, bytesOut },
  });
}

function versionOf({ headers }: Response): number | null {
  const version = /^"(\d{1,15})"$/.exec(headers.get("ETag") ?? "")?.[1];
  return version === undefined ? null : Number(version);
}

/** Of a `traceparent` (W3C Trace Context §3.2); one that is not well-formed is none. */
function traceIdOf({ headers }: Request): string | null {
  const given = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
  return given.exec(headers.get("traceparent") ?? "")?.[1] ?? null;
}

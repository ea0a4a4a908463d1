import { counted } from "../backends/counted.ts";
import type { ErrorCode } from "../model/errors.ts";
import { incrementsOf } from "../monitoring/counts.ts";
import type { Trace } from "../monitoring/request-event.ts";
import type { Sinks } from "../monitoring/sinks/sink.ts";
import { type Core, metricsKey, withBackend } from "../state/core.ts";
import { requestIdOf } from "./request-id.ts";
import type { Route } from "./route.ts";
import { traceOf } from "./trace.ts";

/** What is told of a request, beside its answer. */
export interface Asked {
  requestId: string;
  operationId: string;
  /** "": of nobody who is known. */
  tenant: string;
  pipelineId: string | null;
  bytesIn: number;
  code: ErrorCode | "ok";
  trace: Trace;
  /** Calls of the store so far. */
  storeCalls: number;
  storeMs: number;
  /** As `performance.now` has it. */
  started: number;
}

/** Where requests are counted, and told of. */
interface Accounts {
  core: Core;
  sinks: Sinks;
}

export function askedOf({ operationId }: Route, request: Request): Asked {
  const requestId = requestIdOf(request);
  const bytesIn = lengthOf(request);
  const started = performance.now();
  const nobody = { tenant: "", pipelineId: null, code: "ok", storeCalls: 0, storeMs: 0 } as const;
  return { ...nobody, requestId, operationId, trace: traceOf(request), bytesIn, started };
}

/** The core for one request: what it asks of the store is counted. */
export function coreFor(core: Core, asked: Asked): Core {
  const view = counted(core.backend, () => {
    const began = performance.now();
    asked.storeCalls++;
    return () => {
      asked.storeMs += performance.now() - began;
    };
  });
  return withBackend(core, view);
}

/** Counts a request of somebody who is known, for strangers make nothing be written; and tells of it. */
export function account({ core, sinks }: Accounts, asked: Asked, response: Response): void {
  const { operationId: operation, code, tenant, bytesIn, trace, requestId, storeCalls, storeMs } = asked;
  const seconds = (performance.now() - asked.started) / 1000;
  const bytesOut = lengthOf(response);
  if (tenant !== "")
    core.tally.count(metricsKey(tenant), incrementsOf({ operation, code, seconds, bytesIn, bytesOut }));
  sinks.tell({
    event: "request",
    at: new Date().toISOString(),
    ...{ requestId, ...trace, tenant, operation },
    ...{ pipelineId: asked.pipelineId, version: versionOf(response) },
    ...{ status: response.status, code, seconds, bytesIn, bytesOut, storeCalls, storeMs },
  });
}

/** 0 where it is not declared, or is no length. */
function lengthOf({ headers }: Request | Response): number {
  const length = headers.get("Content-Length") ?? "";
  return /^\d{1,15}$/.test(length) ? Number(length) : 0;
}

function versionOf({ headers }: Response): number | null {
  const version = /^"(\d{1,15})"$/.exec(headers.get("ETag") ?? "")?.[1];
  return version === undefined ? null : Number(version);
}

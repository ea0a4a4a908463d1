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
  /** As `performance.now` has it. */
  started: number;
}

export function askedOf({ operationId }: Route, request: Request): Asked {
  const requestId = requestIdOf(request);
  const bytesIn = Number(request.headers.get("Content-Length") ?? 0);
  const started = performance.now();
  return { requestId, operationId, tenant: "", pipelineId: null, bytesIn, code: "ok", started };
}

/** Counts a request of somebody who is known: strangers make nothing be written. */
export function account({ core }: { core: Core }, asked: Asked, response: Response): void {
  const { operationId: operation, code, tenant, bytesIn } = asked;
  if (tenant === "") return;
  const seconds = (performance.now() - asked.started) / 1000;
  const bytesOut = Number(response.headers.get("Content-Length") ?? 0);
  const done = { operation, code, seconds, bytesIn, bytesOut };
  core.tally.count(metricsKey(tenant), incrementsOf(done));
}

import type { Context, Handler } from "hono";
import { CairnError } from "../model/errors.ts";
import { CheckpointId, DiffTarget, PartNumber, PipelineId, UploadId } from "../model/names.ts";
import { Kind } from "../model/pipeline.ts";
import type { Sinks } from "../monitoring/sinks/sink.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import type { Core } from "../state/core.ts";
import { type Asked, account, askedOf, coreFor } from "./account.ts";
import { type ApiKeys, authenticate, type Identity, requireScope } from "./auth.ts";
import { discardBody } from "./body.ts";
import { drain } from "./drain.ts";
import { malformed } from "./invalid.ts";
import { problemResponse } from "./problem.ts";
import { parseQuery } from "./query.ts";
import type { Route } from "./route.ts";
import { traceparent } from "./trace.ts";

/** What all requests of one app share. */
export interface Service {
  core: Core;
  keys: ApiKeys | null;
  maxBodyBytes: number;
  corsOrigins: readonly string[];
  sweep(): Promise<SweepSummary>;
  document(): object;
  /** Told of every request that a route answered. */
  sinks: Sinks;
}

const CONDITIONS = ["If-Match", "If-Unmodified-Since", "If-None-Match"];
const NOBODY: Identity = { id: "", tenant: "", scopes: [] };
const PARAMETERS: Readonly<Record<string, typeof PipelineId>> = {
  pipelineId: PipelineId,
  checkpointId: CheckpointId,
  diffTarget: DiffTarget,
  uploadId: UploadId,
  partNumber: PartNumber,
  kind: Kind,
};

/** The handler of a route: checks all of the request, calls the verb, and turns what is thrown into a problem. */
export function serve(route: Route, service: Service): Handler {
  return async (c) => {
    const asked = askedOf(route, c.req.raw);
    const response = await answer(route, c, service, asked).catch(async (error: unknown) => {
      await discardBody(c.req.raw, service.maxBodyBytes);
      asked.code = error instanceof CairnError ? error.code : "internal";
      return problemResponse(error, asked);
    });
    response.headers.set("X-Request-Id", asked.requestId);
    response.headers.set("traceparent", traceparent(asked.trace));
    account(service, asked, response);
    drain(service.core, service.sinks, c);
    return response;
  };
}

async function answer(route: Route, c: Context, service: Service, asked: Asked): Promise<Response> {
  const { maxBodyBytes, sweep, document } = service;
  const request = c.req.raw;
  const identity = await identify(route, request, service);
  asked.tenant = identity.tenant;
  const params = checkParameters(c.req.param());
  asked.pipelineId = params.pipelineId ?? null;
  const query = parseQuery(route.query, request.url);
  const headers = parseHeaders(route, request.headers);
  refuseConditions(route, request.headers);
  const body = await route.body?.read(request, maxBodyBytes);
  const key = { tenant: identity.tenant, pipelineId: params.pipelineId ?? "" };
  const core = coreFor(service.core, asked);
  return route.handle({ core, identity, key, params, query, headers, body, maxBodyBytes, sweep, document });
}

async function identify(route: Route, request: Request, { keys, corsOrigins }: Service): Promise<Identity> {
  if (route.scope === null) return NOBODY;
  const identity = await authenticate(request, keys, corsOrigins);
  requireScope(identity, route.scope);
  return identity;
}

function checkParameters(params: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(params)) {
    const checked = PARAMETERS[name]?.().safeParse(value);
    if (checked?.success === false) {
      const message = checked.error.issues[0]!.message;
      const facts = { errors: [{ pointer: name, message }] };
      throw new CairnError("invalid_id", `The ${name} must be ${message}.`, facts);
    }
  }
  return params;
}

/**
 * RFC 9110 §13.1: nothing may be done against a condition, so one that a route does not know is refused. But a
 * read under `If-None-Match` may always be answered in full.
 */
function refuseConditions(route: Route, headers: Headers): void {
  const known = Object.values(route.headers ?? {}).map((spec) => spec.name);
  if (route.method === "GET") known.push("If-None-Match");
  for (const name of CONDITIONS) {
    if (headers.has(name) && !known.includes(name)) throw malformed(name, "is not for this call");
  }
}

/** workerd leaves out a header without a value before anybody sees it: an empty `If-Match` is 400 in Node alone. */
function parseHeaders(route: Route, headers: Headers): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(route.headers ?? {})) {
    parsed[name] = spec.parse(headers.get(spec.name));
  }
  return parsed;
}

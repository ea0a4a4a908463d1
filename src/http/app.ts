import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HonoBase } from "hono/hono-base";
import { once } from "../model/once.ts";
import { type Sinks, sinksOf } from "../monitoring/sinks/sink.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import { sweeper } from "../recovery/sweep/sweeper.ts";
import type { Core } from "../state/core.ts";
import type { ApiKeys } from "./auth.ts";
import { DEFAULT_MAX_BODY_BYTES } from "./body.ts";
import { answerMissing } from "./missing.ts";
import { openApi } from "./openapi.ts";
import { problemResponse } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { templateRouter } from "./router.ts";
import { ROUTES } from "./routes/index.ts";
import { type Service, serve } from "./serve.ts";

export interface AppDependencies {
  core: Core;
  /** From `parseApiKeys`; null serves only callers on localhost, as tenant `local`. */
  keys: ApiKeys | null;
  /** Of a request body, as sent and as decoded. @default 26,214,400 (25 MiB) */
  maxBodyBytes?: number;
  /** Origins whose pages may call the service, exactly as browsers send them. @default none */
  corsOrigins?: readonly string[];
  /** What `POST /v1/sweep` runs. @default `sweeper(core)`, which tells nobody */
  sweep?: () => Promise<SweepSummary>;
  /** Told of every request that a route answered; whoever made them closes them. @default none are */
  sinks?: Sinks;
}

const EXPOSED = [
  "ETag",
  "Idempotency-Replayed",
  "Retry-After",
  "Repr-Digest",
  "Location",
  "Allow",
  "Preference-Applied",
  "Cairn-Saved-At",
  "X-Request-Id",
  "traceparent",
];

/**
 * The service as a value: a Hono app that any runtime mounts.
 *
 * @example
 * const app = createApp({ core: createCore({ backend: memoryBackend() }), keys: null });
 * const answer = await app.request("http://localhost/health");
 */
export function createApp(dependencies: AppDependencies): HonoBase {
  const {
    core,
    keys,
    maxBodyBytes = DEFAULT_MAX_BODY_BYTES,
    corsOrigins = [],
    sweep = sweeper(core),
    sinks = sinksOf([], core.tally),
  } = dependencies;
  const app = new HonoBase({ router: templateRouter() });
  if (corsOrigins.length > 0) {
    app.use(identified);
    app.use(cors({ origin: [...corsOrigins], exposeHeaders: EXPOSED, maxAge: 600 }));
  }
  const document = once(() => openApi(ROUTES));
  const service: Service = { core, keys, maxBodyBytes, corsOrigins, sweep, document, sinks };
  for (const route of ROUTES) {
    app.on(route.method, route.path, serve(route, service));
  }
  app.notFound(answerMissing(ROUTES, maxBodyBytes));
  app.onError((error) => problemResponse(error));
  return app;
}

/** What CORS answers by itself, preflights, has an id as well. */
const identified: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has("X-Request-Id")) c.res.headers.set("X-Request-Id", requestIdOf(c.req.raw));
};

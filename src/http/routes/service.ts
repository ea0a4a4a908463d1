import type { StorageBackend } from "../../backends/types.ts";
import * as z from "../../model/zod.ts";
import { json } from "../answers.ts";
import { docsAnswer } from "../docs.ts";
import type { OpenApi } from "../openapi.ts";
import { type Route, route } from "../route.ts";
import { Readiness } from "../schemas.ts";
import { answer } from "./shared.ts";

const health = route({
  method: "GET",
  path: "/health",
  operationId: "health",
  summary: "Whether the service answers",
  tag: "Service",
  scope: null,
  answers: { 200: answer("It does", () => z.object({ status: z.literal("ok") })) },
  handle: () => json(200, { status: "ok" }),
});

const ready = route({
  method: "GET",
  path: "/ready",
  operationId: "ready",
  summary: "Whether the store is up and safely configured",
  tag: "Service",
  scope: null,
  answers: {
    200: answer("Ready", Readiness),
    503: answer("Not ready", Readiness, "Retry-After"),
  },
  async handle({ core }) {
    const { ready, problems, unverified = [] } = await healthOf(core.backend);
    const body = {
      ready,
      backend: core.backend.name,
      problems,
      ...(unverified.length > 0 && { unverified }),
    };
    const headers: Record<string, string> = ready ? {} : { "Retry-After": "5" };
    return json(ready ? 200 : 503, body, headers);
  },
});

/** What a store says when it fails may hold its address: nobody is asked for a key here. */
function healthOf(backend: StorageBackend): ReturnType<StorageBackend["health"]> {
  return backend.health().catch(() => ({ ready: false, problems: ["the store does not answer"] }));
}

const document = route({
  method: "GET",
  path: "/openapi.json",
  operationId: "openapi",
  summary: "This description, as OpenAPI 3.1",
  tag: "Service",
  scope: null,
  answers: { 200: answer("The document", () => z.record(z.string(), z.unknown())) },
  handle: (call) => json(200, call.document()),
});

const docs = route({
  method: "GET",
  path: "/docs",
  operationId: "docs",
  summary: "This description, to read",
  tag: "Service",
  scope: null,
  answers: { 200: { description: "A page", content: { "text/html": {} } } },
  handle: (call) => docsAnswer(call.document() as OpenApi),
});

export const serviceRoutes: Route[] = [health, ready, document, docs];

import { Kind, Owner, TtlSeconds } from "../../model/pipeline.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { claim } from "../../recovery/claims.ts";
import { detectInterrupted } from "../../recovery/detect.ts";
import { json } from "../answers.ts";
import { emptyBody, jsonBody } from "../json-body.ts";
import { resumedView } from "../resumed.ts";
import { type Route, route } from "../route.ts";
import { Claims, InterruptedPipelines, Swept } from "../schemas.ts";
import { answer } from "./shared.ts";

const runSweep = route({
  method: "POST",
  path: "/v1/sweep",
  operationId: "sweep",
  summary: "Run the scheduled sweep now",
  description:
    "Interrupts pipelines whose lease ran out or that fell silent, tells their owners, applies retention, in bounded time; `more` when that was not enough.",
  tag: "Service",
  scope: "admin",
  body: emptyBody,
  answers: { 200: answer("What was done", Swept) },
  handle: async ({ sweep }) => json(200, await sweep()),
});

const interrupted = route({
  method: "GET",
  path: "/v1/interrupted",
  operationId: "listInterrupted",
  summary: "Find the pipelines that somebody must look after",
  description:
    "Those that are interrupted, whose lease ran out, or that fell silent, by id. Changes nothing. Reads through all that run: the sweep is what finds them at a cost that follows what is due.",
  tag: "Lease and recovery",
  scope: "read",
  answers: { 200: answer("All of them", InterruptedPipelines) },
  handle: async ({ core, key }) => json(200, { data: await detectInterrupted(core, key.tenant) }),
});

const claims = route({
  method: "POST",
  path: "/v1/claims",
  operationId: "claim",
  summary: "Take interrupted pipelines to go on with",
  description:
    "For workers that poll. Each pipeline goes to one claimer, with the lease and the recovery point, as `resume` answers; its state is fetched from `stateUrl`.",
  tag: "Lease and recovery",
  scope: "write",
  body: jsonBody(
    () =>
      z.strictObject({
        owner: Owner(),
        ttlSeconds: TtlSeconds(),
        kinds: z.optional(z.array(Kind()).check(z.minLength(1), z.maxLength(64))),
        limit: z._default(z.int().check(z.minimum(1), z.maximum(100)), 1),
      }),
    { example: { owner: "worker-8", ttlSeconds: 60, limit: 4 } },
  ),
  answers: { 200: answer("Those that are the caller's now", Claims) },
  errors: ["outcome_unknown"],
  async handle({ core, key, body }) {
    const claimed = await claim(core, key.tenant, present(body.value));
    return json(200, { data: claimed.map((one) => resumedView(one.pipelineId, one)) });
  },
});

export const sweepRoutes: readonly Route[] = [interrupted, claims, runSweep];

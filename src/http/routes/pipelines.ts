import { once } from "../../model/once.ts";
import { Kind, Labels, Moment, Settings, Status } from "../../model/pipeline.ts";
import { PipelineView } from "../../model/pipeline-view.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { recoverabilityOf } from "../../monitoring/recoverability.ts";
import {
  deletePipeline,
  getPipeline,
  listEvents,
  listPipelines,
  registerPipeline,
  updatePipeline,
} from "../../state/pipelines.ts";
import { registerNewPipeline } from "../../state/register-new.ts";
import { json, nothing, page, replayed } from "../answers.ts";
import { forcedCaller } from "../force.ts";
import { callerOf, ifNoneMatchOfWrite, writeHeaders } from "../headers.ts";
import { emptyBody, jsonBody } from "../json-body.ts";
import { flag, pageQuery } from "../query.ts";
import { type Route, route } from "../route.ts";
import { EventPage, PipelinePage, Recoverability } from "../schemas.ts";
import { ADDING_ERRORS, answer, force, PIPELINE, WRITE_ERRORS } from "./shared.ts";

/** The view would be kilobytes (settings, tasks, metadata), too much to keep with each of the last 64 writes. */
const AS_IT_IS_BY_THEN =
  "Sent again with its `Idempotency-Key` it changes nothing, and answers the pipeline as it is by then: its `revision` tells.";

const register = route({
  method: "PUT",
  path: PIPELINE,
  operationId: "registerPipeline",
  summary: "Register a pipeline, or change its settings",
  description: `What is left out stays as it is. A save on a new id registers it as well. ${AS_IT_IS_BY_THEN}`,
  tag: "Pipelines",
  scope: "write",
  headers: { ...writeHeaders, ifNoneMatch: ifNoneMatchOfWrite },
  body: jsonBody(Settings, {
    optional: true,
    example: {
      kind: "nightly-etl",
      labels: { team: "search" },
      policy: { strategy: "time", maxIntervalSeconds: 300 },
    },
  }),
  answers: {
    200: answer("Updated", PipelineView, "Idempotency-Replayed"),
    201: answer("Created", PipelineView, "Idempotency-Replayed"),
  },
  errors: [...ADDING_ERRORS, "precondition_failed"],
  async handle({ core, key, headers, body }) {
    const put = headers.ifNoneMatch ? registerNewPipeline : registerPipeline;
    const registered = await put(core, key, body.value, callerOf(headers));
    return json(registered.created ? 201 : 200, registered.pipeline, replayed(registered));
  },
});

const get = route({
  method: "GET",
  path: PIPELINE,
  operationId: "getPipeline",
  summary: "Show a pipeline",
  tag: "Pipelines",
  scope: "read",
  answers: { 200: answer("The pipeline", PipelineView) },
  errors: ["not_found"],
  handle: async ({ core, key }) => json(200, await getPipeline(core, key)),
});

const recoverable = route({
  method: "GET",
  path: `${PIPELINE}/recoverability`,
  operationId: "getRecoverability",
  summary: "What a crash at this moment would cost",
  tag: "Pipelines",
  scope: "read",
  answers: {
    200: answer("Lost work, whether the recovery point was read back, time to resume", Recoverability),
  },
  errors: ["not_found"],
  handle: async ({ core, key }) => json(200, await recoverabilityOf(core, key)),
});

const Change = once(() =>
  z
    .strictObject({
      status: z.optional(z.enum(["completed", "failed", "cancelled"])),
      labels: z.optional(Labels()),
      force: force(),
    })
    .check(
      z.refine(
        ({ status, labels }) => status !== undefined || labels !== undefined,
        "needs status or labels",
      ),
      z.meta({ anyOf: [{ required: ["status"] }, { required: ["labels"] }] }),
    ),
);

const update = route({
  method: "PATCH",
  path: PIPELINE,
  operationId: "updatePipeline",
  summary: "End a pipeline, or change its labels",
  description: AS_IT_IS_BY_THEN,
  tag: "Pipelines",
  scope: "write",
  headers: writeHeaders,
  body: jsonBody(Change, { example: { status: "completed" } }),
  answers: { 200: answer("The pipeline", PipelineView, "Idempotency-Replayed") },
  errors: [...WRITE_ERRORS, "invalid_transition"],
  async handle({ core, key, identity, headers, body }) {
    const { force, ...change } = body.value;
    const caller = forcedCaller(identity, headers, force);
    const updated = await updatePipeline(core, key, present(change), caller);
    return json(200, updated.pipeline, replayed(updated));
  },
});

const PipelineQuery = once(() =>
  z.strictObject({
    ...pageQuery(),
    status: z.optional(Status()),
    kind: z.optional(Kind()),
    label: z.optional(Labels()).check(
      z.meta({
        description: "`label.team=search`: pipelines with this label; more than one may be given.",
      }),
    ),
    updatedBefore: z
      .optional(Moment())
      .check(z.meta({ description: "RFC 3339 in UTC.", example: "2026-11-23T08:00:00Z" })),
  }),
);

const list = route({
  method: "GET",
  path: "/v1/pipelines",
  operationId: "listPipelines",
  summary: "List pipelines",
  tag: "Pipelines",
  scope: "read",
  query: PipelineQuery,
  answers: { 200: answer("A page of pipelines, by id", PipelinePage) },
  errors: ["invalid_cursor"],
  async handle({ core, identity, query: { limit, cursor, label: labels, ...filter } }) {
    const asked = present({ ...filter, labels });
    return page(await listPipelines(core, identity.tenant, asked, present({ limit, cursor })));
  },
});

const events = route({
  method: "GET",
  path: `${PIPELINE}/events`,
  operationId: "listEvents",
  summary: "What happened to a pipeline, newest first",
  tag: "Pipelines",
  scope: "read",
  query: () => z.strictObject(pageQuery()),
  answers: { 200: answer("A page of events", EventPage) },
  errors: ["not_found", "invalid_cursor"],
  handle: async ({ core, key, query }) => page(await listEvents(core, key, present(query))),
});

const remove = route({
  method: "DELETE",
  path: PIPELINE,
  operationId: "deletePipeline",
  summary: "Delete a pipeline",
  description:
    "All but a tombstone: reads are 404, later writes 410, unless `If-None-Match: *` starts it anew with version and fence going on.",
  tag: "Pipelines",
  scope: "write",
  query: () => z.strictObject({ force: flag() }),
  headers: writeHeaders,
  body: emptyBody,
  answers: { 204: { description: "Deleted", headers: ["Idempotency-Replayed"] } },
  errors: WRITE_ERRORS,
  handle: async ({ core, key, identity, headers, query }) =>
    nothing(replayed(await deletePipeline(core, key, forcedCaller(identity, headers, query.force)))),
});

export const pipelineRoutes: Route[] = [register, get, recoverable, update, remove, list, events];

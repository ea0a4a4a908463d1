import { CheckpointId, PipelineId } from "../../model/names.ts";
import { once } from "../../model/once.ts";
import { PipelineView } from "../../model/pipeline-view.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { exportPipeline } from "../../recovery/export/export.ts";
import { EXPORT_TYPE } from "../../recovery/export/format.ts";
import { fork } from "../../recovery/fork.ts";
import { json, replayed } from "../answers.ts";
import { callerOf, idempotencyKey } from "../headers.ts";
import { jsonBody } from "../json-body.ts";
import { streamOf } from "../range.ts";
import { type Route, route } from "../route.ts";
import { answer, PIPELINE, READ_ERRORS } from "./shared.ts";

const Forked = once(() =>
  z
    .object({
      ...PipelineView().shape,
      forkedFrom: z.object({
        pipelineId: PipelineId(),
        checkpointId: z.nullable(CheckpointId()),
        version: z.int(),
      }),
    })
    .check(z.meta({ id: "Forked" })),
);

const forkPipeline = route({
  method: "POST",
  path: `${PIPELINE}/fork`,
  operationId: "forkPipeline",
  summary: "Start a new pipeline from a checkpoint",
  description:
    "From the newest checkpoint that verifies, or the one named, else from the state: a copy of its content, with the settings of this pipeline. Neither sees the other's data from then on. The new id must not be there; a deleted one starts anew, its versions and fence going on. Sent again with its `Idempotency-Key` it changes nothing, and answers the new pipeline as it is by then.",
  tag: "Lease and recovery",
  scope: "write",
  headers: { idempotencyKey },
  body: jsonBody(
    () => z.strictObject({ pipelineId: PipelineId(), checkpointId: z.optional(CheckpointId()) }),
    { example: { pipelineId: "nightly-2026-11-23-b" } },
  ),
  answers: { 201: answer("The new pipeline", Forked, "Location", "Idempotency-Replayed") },
  errors: [
    ...READ_ERRORS,
    "pipeline_deleted",
    "precondition_failed",
    "idempotency_mismatch",
    "outcome_unknown",
    "insufficient_storage",
    "quota_exceeded",
  ],
  async handle({ core, key, headers, body }) {
    const forked = await fork(core, key, present(body.value), callerOf({ ...headers }));
    const location = { Location: `/v1/pipelines/${body.value.pipelineId}` };
    const { pipeline, forkedFrom } = forked;
    return json(201, { ...pipeline, forkedFrom }, { ...location, ...replayed(forked) });
  },
});

const exportOne = route({
  method: "GET",
  path: `${PIPELINE}/export`,
  operationId: "exportPipeline",
  summary: "Download a pipeline with its checkpoints as one file",
  description:
    "For a backup, or another store: `cairn import` makes a pipeline of it again. Settings, state and all checkpoints, with the SHA-256 of each content and of the whole. Contents are decrypted: the file is as secret as they are. A file without its last line was broken off.",
  tag: "Pipelines",
  scope: "read",
  answers: {
    200: {
      description: "The file: lines of JSON, each of a content with its bytes after it",
      content: { [EXPORT_TYPE]: {} },
      headers: ["Content-Disposition"],
    },
  },
  errors: READ_ERRORS,
  async handle({ core, key }) {
    return new Response(await streamOf(exportPipeline(core, key)), {
      headers: {
        "Content-Type": EXPORT_TYPE,
        "Content-Disposition": `attachment; filename="${key.pipelineId}.cairn"`,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
      },
    });
  },
});

export const copyRoutes: Route[] = [forkPipeline, exportOne];

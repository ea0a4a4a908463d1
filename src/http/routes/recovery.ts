import { CheckpointId } from "../../model/names.ts";
import { Owner, TtlSeconds } from "../../model/pipeline.ts";
import { Pointers } from "../../model/pointers.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { type Restored, recover, rollback } from "../../recovery/rollback.ts";
import { oneTarget, rollbackTarget } from "../../state/arguments.ts";
import { resume } from "../../state/resume.ts";
import { json, jsonText, replayed } from "../answers.ts";
import { versionTag } from "../etag.ts";
import { forcedCaller } from "../force.ts";
import { callerOf, idempotencyKey, prefer, writeHeaders } from "../headers.ts";
import { jsonBody } from "../json-body.ts";
import { profilePreferred } from "../learned.ts";
import { resumedText } from "../resumed.ts";
import { type Route, route } from "../route.ts";
import { Restored as RestoredSchema, Resumed } from "../schemas.ts";
import { answer, force, PIPELINE, WRITE_ERRORS } from "./shared.ts";

const resumePipeline = route({
  method: "POST",
  path: `${PIPELINE}/resume`,
  operationId: "resume",
  summary: "Take the lease and go on from the recovery point",
  description:
    "The state itself if it verifies, else the newest older version, then checkpoint, that does. Status becomes `running`, `attempt` rises.",
  tag: "Lease and recovery",
  scope: "write",
  headers: { idempotencyKey, prefer },
  body: jsonBody(
    () =>
      z.strictObject({
        owner: Owner(),
        ttlSeconds: TtlSeconds(),
        checkpointId: z.optional(CheckpointId()),
      }),
    { example: { owner: "worker-8", ttlSeconds: 60 } },
  ),
  answers: {
    200: answer(
      "The lease and the recovery point",
      Resumed,
      "ETag",
      "Idempotency-Replayed",
      "Preference-Applied",
    ),
  },
  errors: [
    "not_found",
    "pipeline_deleted",
    "lease_held",
    "unrecoverable",
    "invalid_transition",
    "idempotency_mismatch",
    "outcome_unknown",
  ],
  async handle({ core, key, headers, body }) {
    const resumed = await resume(core, key, { ...present(body.value), ...callerOf(headers) });
    const tag = resumed.contentType !== null ? { ETag: versionTag(resumed.version) } : {};
    const learned = await profilePreferred(core, key, resumed.kind, headers.prefer);
    const more = learned.members.profile ? { policy: resumed.policy, ...learned.members } : {};
    const text = resumedText(key.pipelineId, resumed, more);
    return jsonText(200, text, { ...tag, ...learned.headers, ...replayed(resumed) });
  },
});

const recoverPipeline = route({
  method: "POST",
  path: `${PIPELINE}/recover`,
  operationId: "recover",
  summary: "Set the state to the newest checkpoint that verifies",
  description:
    "Or to the one named, as a new version. With `select` only these parts of it, into the state as it is; a part whose object is gone brings it back. Damaged checkpoints met on the way are quarantined.",
  tag: "Lease and recovery",
  scope: "write",
  headers: writeHeaders,
  body: jsonBody(
    () =>
      z.strictObject({
        checkpointId: z.optional(CheckpointId()),
        select: z.optional(Pointers()),
        force: force(),
      }),
    { optional: true, example: { select: ["/config"] } },
  ),
  answers: { 200: answer("The new version", RestoredSchema, "ETag", "Idempotency-Replayed") },
  errors: [...WRITE_ERRORS, "unrecoverable", "select_failed", "not_json", "too_large"],
  async handle({ core, key, identity, headers, body, maxBodyBytes: maxBytes }) {
    const { force, ...target } = body.value;
    const caller = forcedCaller(identity, headers, force);
    const restored = await recover(core, key, { ...present(target), maxBytes }, caller);
    return restoredAnswer(key.pipelineId, restored);
  },
});

const rollbackPipeline = route({
  method: "POST",
  path: `${PIPELINE}/rollback`,
  operationId: "rollback",
  summary: "Set the state to an earlier checkpoint",
  description: "The one named, or `steps` back. History is never erased: a rollback appends a version.",
  tag: "Lease and recovery",
  scope: "write",
  headers: writeHeaders,
  body: jsonBody(
    () =>
      z
        .strictObject({ ...rollbackTarget(), force: force() })
        .check(oneTarget(), z.meta({ not: { required: ["checkpointId", "steps"] } })),
    {
      optional: true,
      example: { steps: 1 },
    },
  ),
  answers: { 200: answer("The new version", RestoredSchema, "ETag", "Idempotency-Replayed") },
  errors: [...WRITE_ERRORS, "unrecoverable"],
  async handle({ core, key, identity, headers, body }) {
    const { force, ...target } = body.value;
    const caller = forcedCaller(identity, headers, force);
    return restoredAnswer(key.pipelineId, await rollback(core, key, present(target), caller));
  },
});

function restoredAnswer(pipelineId: string, restored: Restored): Response {
  const { version, checkpointId, contentType, bytes, storedBytes, sha256, savedAt, quarantined } = restored;
  const body = {
    pipelineId,
    version,
    checkpointId,
    contentType,
    bytes,
    storedBytes,
    sha256,
    savedAt,
    quarantined,
  };
  return json(200, body, { ETag: versionTag(version), ...replayed(restored) });
}

export const recoveryRoutes: Route[] = [resumePipeline, recoverPipeline, rollbackPipeline];

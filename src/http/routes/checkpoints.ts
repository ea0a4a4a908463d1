import {
  type Checkpoint,
  Checkpoint as CheckpointSchema,
  Decision,
  Label,
  Metadata,
} from "../../model/checkpoint.ts";
import { selectRaw } from "../../model/json/select.ts";
import { once } from "../../model/once.ts";
import { present } from "../../model/present.ts";
import { Situation } from "../../model/task.ts";
import { checkpointView } from "../../model/views.ts";
import * as z from "../../model/zod.ts";
import {
  createCheckpoint,
  deleteCheckpoint,
  findCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from "../../state/checkpoints.ts";
import { diffCheckpoints } from "../../state/diff.ts";
import { evaluate } from "../../state/pipelines.ts";
import { verifyCheckpoint } from "../../state/verify.ts";
import { json, nothing, notModified, page, replayed, type Stored } from "../answers.ts";
import { contentOrParts } from "../content-answer.ts";
import { versionTag } from "../etag.ts";
import { callerOf, ifNoneMatch, range, writeHeaders } from "../headers.ts";
import { emptyBody, jsonBody } from "../json-body.ts";
import { pageQuery, select } from "../query.ts";
import { type Route, route } from "../route.ts";
import { CheckpointPage, Diff, Verification } from "../schemas.ts";
import {
  ADDING_ERRORS,
  answer,
  PIPELINE,
  READ_ERRORS,
  storedContent,
  storedRange,
  WRITE_ERRORS,
} from "./shared.ts";

const CHECKPOINT = `${PIPELINE}/checkpoints/{checkpointId}` as const;

const NewCheckpoint = once(() =>
  z.partial(
    z.strictObject({
      data: z
        .unknown()
        .check(z.meta({ description: "Any JSON to keep instead of the state, as its very text." })),
      label: Label(),
      metadata: Metadata(),
      reason: z.string().check(z.minLength(1), z.maxLength(1024)),
    }),
  ),
);

const create = route({
  method: "POST",
  path: `${PIPELINE}/checkpoints`,
  operationId: "createCheckpoint",
  summary: "Make a checkpoint",
  description: "Of the state as it is, or of `data`. One of `data` is restored only when it is named.",
  tag: "Checkpoints",
  scope: "write",
  headers: writeHeaders,
  // One level more than a state has: `data` may be as deep as one.
  body: jsonBody(NewCheckpoint, { optional: true, maxDepth: 65, example: { label: "before-migration" } }),
  answers: { 201: answer("The checkpoint", CheckpointSchema, "Location", "Idempotency-Replayed") },
  errors: ADDING_ERRORS,
  async handle({ core, key, headers, body: { value, text } }) {
    const { label, metadata, reason } = value;
    const data = "data" in value ? rawData(text) : undefined;
    const input = present({ label, metadata, reason, data });
    const made = await createCheckpoint(core, key, { caller: callerOf(headers), ...input });
    const { checkpoint } = made;
    const location = `/v1/pipelines/${key.pipelineId}/checkpoints/${checkpoint.checkpointId}`;
    return json(201, checkpoint, { Location: location, ...replayed(made) });
  },
});

/** Cut out of the body, so that what comes back is what was sent. */
function rawData(text: string): { content: Uint8Array; contentType: string } {
  const raw = selectRaw(text, ["/data"]).slice(`{"/data":`.length, -1);
  return { content: new TextEncoder().encode(raw), contentType: "application/json" };
}

const list = route({
  method: "GET",
  path: `${PIPELINE}/checkpoints`,
  operationId: "listCheckpoints",
  summary: "List checkpoints, newest first",
  tag: "Checkpoints",
  scope: "read",
  query: () => z.strictObject({ ...pageQuery(), label: z.optional(z.string()) }),
  answers: { 200: answer("A page of checkpoints", CheckpointPage) },
  errors: ["not_found", "invalid_cursor"],
  handle: async ({ core, key, query }) => page(await listCheckpoints(core, key, present(query))),
});

const get = route({
  method: "GET",
  path: CHECKPOINT,
  operationId: "getCheckpoint",
  summary: "Show a checkpoint",
  tag: "Checkpoints",
  scope: "read",
  answers: { 200: answer("The checkpoint", CheckpointSchema) },
  errors: ["not_found"],
  handle: async ({ core, key, params }) =>
    json(200, checkpointView(await findCheckpoint(core, key, params.checkpointId))),
});

const getState = route({
  method: "GET",
  path: `${CHECKPOINT}/state`,
  operationId: "loadCheckpoint",
  summary: "Load a checkpoint's content",
  tag: "Checkpoints",
  scope: "read",
  query: () => z.strictObject({ select: select() }),
  headers: { ifNoneMatch, range },
  answers: {
    200: storedContent,
    206: storedRange,
    304: { description: "The client has it", headers: ["ETag", "Last-Modified"] },
  },
  errors: [...READ_ERRORS, "not_json", "range_not_satisfiable", "too_large"],
  async handle({ core, key, params, query, headers }) {
    if (headers.ifNoneMatch) {
      const stored = storedCheckpoint(await findCheckpoint(core, key, params.checkpointId));
      if (headers.ifNoneMatch(stored.tag)) return notModified(stored);
    }
    const { record, content } = await readCheckpoint(core, key, params.checkpointId);
    return contentOrParts(storedCheckpoint(record), content, { select: query.select, range: headers.range });
  },
});

/** Data given with a call is no version of the state: its tag must not match one in `If-Match`. */
function storedCheckpoint(checkpoint: Checkpoint): Stored {
  const { contentType, sha256, createdAt, checkpointId, version, source } = checkpoint;
  const tag = source === "state" ? versionTag(version) : `"${checkpointId}"`;
  return { contentType, sha256, tag, at: createdAt };
}

const remove = route({
  method: "DELETE",
  path: CHECKPOINT,
  operationId: "deleteCheckpoint",
  summary: "Delete a checkpoint",
  tag: "Checkpoints",
  scope: "write",
  headers: writeHeaders,
  body: emptyBody,
  answers: { 204: { description: "Deleted", headers: ["Idempotency-Replayed"] } },
  errors: WRITE_ERRORS,
  handle: async ({ core, key, params, headers }) =>
    nothing(replayed(await deleteCheckpoint(core, key, params.checkpointId, callerOf(headers)))),
});

const verify = route({
  method: "POST",
  path: `${CHECKPOINT}/verify`,
  operationId: "verifyCheckpoint",
  summary: "Read and hash every frame of a checkpoint",
  tag: "Checkpoints",
  scope: "read",
  body: emptyBody,
  answers: { 200: answer("What was found", Verification) },
  errors: ["not_found"],
  handle: async ({ core, key, params }) => json(200, await verifyCheckpoint(core, key, params.checkpointId)),
});

const diff = route({
  method: "GET",
  path: `${CHECKPOINT}/diff/{diffTarget}`,
  operationId: "diffCheckpoints",
  summary: "Compare a checkpoint with another, or with the state",
  description:
    "What makes the second out of the first, both JSON. `current` stands for the state as it is. What white space, the order of members and the spelling of strings make different is in `bytes`, not in `patch`.",
  tag: "Checkpoints",
  scope: "read",
  answers: { 200: answer("The difference", Diff) },
  errors: [...READ_ERRORS, "not_json"],
  async handle({ core, key, params: { checkpointId, diffTarget } }) {
    const found = await diffCheckpoints(core, key, checkpointId, diffTarget);
    return json(200, found, { "X-Content-Type-Options": "nosniff" });
  },
});

const decide = route({
  method: "POST",
  path: `${PIPELINE}/evaluate`,
  operationId: "evaluate",
  summary: "Ask whether a checkpoint is worth it now",
  tag: "Checkpoints",
  scope: "read",
  body: jsonBody(Situation, {
    optional: true,
    example: { task: { name: "train", criticality: 0.9 }, progress: 0.4 },
  }),
  answers: { 200: answer("The decision; nothing is saved", Decision) },
  errors: ["not_found"],
  handle: async ({ core, key, body }) => json(200, await evaluate(core, key, body.value)),
});

export const checkpointRoutes: Route[] = [create, list, get, getState, remove, verify, diff, decide];

import { sha256Hex } from "../../frames/digest.ts";
import type { StateRecord } from "../../model/head.ts";
import { once } from "../../model/once.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { patchState } from "../../state/patch.ts";
import { readState, requireHead } from "../../state/read.ts";
import { type Saved, saveState } from "../../state/save.ts";
import { accepts, type Precondition, wrongVersion } from "../../state/write.ts";
import { json, notModified, replayed, type Stored } from "../answers.ts";
import { contentOrParts } from "../content-answer.ts";
import { onePrecondition, versionTag } from "../etag.ts";
import * as header from "../headers.ts";
import { readJson } from "../json-body.ts";
import { isJson } from "../media.ts";
import { select } from "../query.ts";
import { type Route, route } from "../route.ts";
import { SaveResult } from "../schemas.ts";
import { contentBody, patchBody } from "../state-body.ts";
import { patcher } from "../state-patch.ts";
import { answer, PIPELINE, READ_ERRORS, storedContent, WRITE_ERRORS } from "./shared.ts";

const NO_MERGE = "merging is not available yet: only fail";

const SaveQuery = once(() =>
  z.strictObject({
    checkpoint: z._default(z.enum(["auto", "always", "never"]), "never").check(
      z.meta({
        description: "Whether a checkpoint is made in the same commit; `auto`: as the policy says.",
      }),
    ),
    onConflict: z
      ._default(
        z.enum(["fail"], { error: ({ input }) => (input === "merge" ? NO_MERGE : undefined) }),
        "fail",
      )
      .check(
        z.meta({ description: "What becomes of a save over another version than the one in If-Match." }),
      ),
  }),
);

const SAVE_ERRORS = [...WRITE_ERRORS, "precondition_failed", "digest_mismatch"] as const;

const putState = route({
  method: "PUT",
  path: `${PIPELINE}/state`,
  operationId: "saveState",
  summary: "Save a state",
  description:
    "The body becomes the next version, byte for byte. JSON types must parse. Without a condition, the last writer wins.",
  tag: "State",
  scope: "write",
  query: SaveQuery,
  headers: {
    ...header.writeHeaders,
    ifMatch: header.ifMatch,
    ifNoneMatch: header.ifNoneMatchOfWrite,
    reprDigest: header.reprDigest,
    task: header.task,
  },
  body: contentBody,
  answers: {
    200: answer("Saved over an earlier version", SaveResult, "ETag", "Idempotency-Replayed"),
    201: answer("The first version was created", SaveResult, "ETag", "Idempotency-Replayed"),
  },
  errors: [...SAVE_ERRORS, "invalid_json", "too_deep"],
  async handle({ core, key, query, headers, body }) {
    const condition = onePrecondition(headers.ifMatch, headers.ifNoneMatch);
    await header.checkDigest(headers.reprDigest, body.bytes);
    if (isJson(body.contentType)) readJson(body.bytes);
    const saved = await saveState(core, key, {
      content: body.bytes,
      contentType: body.contentType,
      caller: header.callerOf(headers),
      checkpoint: query.checkpoint,
      ...condition,
      ...present({ situation: headers.task }),
    });
    return savedAnswer(saved);
  },
});

const patch = route({
  method: "PATCH",
  path: `${PIPELINE}/state`,
  operationId: "patchState",
  summary: "Change a state",
  description:
    "Applies a merge patch (RFC 7396) or a JSON Patch (RFC 6902) to the current JSON, as a whole or not at all. Numbers keep their text.",
  tag: "State",
  scope: "write",
  query: SaveQuery,
  headers: {
    ...header.writeHeaders,
    ifMatch: header.ifMatch,
    reprDigest: header.reprDigest,
    task: header.task,
  },
  body: patchBody,
  answers: { 200: answer("Saved as the next version", SaveResult, "ETag", "Idempotency-Replayed") },
  errors: [...SAVE_ERRORS, "invalid_json", "too_deep", "not_json", "patch_failed", "unrecoverable"],
  async handle({ core, key, query, headers, body, maxBodyBytes }) {
    await header.checkDigest(headers.reprDigest, body.bytes);
    const digest = await sha256Hex(body.bytes);
    const saved = await patchState(core, key, {
      change: patcher(body.type, readJson(body.bytes), maxBodyBytes),
      request: ["patch", body.type, digest, query.checkpoint, headers.task ?? null],
      caller: header.callerOf(headers),
      checkpoint: query.checkpoint,
      ...onePrecondition(headers.ifMatch, undefined),
      ...present({ situation: headers.task }),
    });
    return savedAnswer(saved);
  },
});

const getState = route({
  method: "GET",
  path: `${PIPELINE}/state`,
  operationId: "loadState",
  summary: "Load a state",
  tag: "State",
  scope: "read",
  query: () => z.strictObject({ select: select() }),
  headers: { ifMatch: header.ifMatchOfRead, ifNoneMatch: header.ifNoneMatch },
  answers: { 200: storedContent, 304: { description: "The client has this version", headers: ["ETag"] } },
  errors: [...READ_ERRORS, "not_json", "precondition_failed"],
  async handle({ core, key, query, headers: { ifMatch, ifNoneMatch } }) {
    if (ifNoneMatch) {
      const { state } = await requireHead(core, key);
      if (state) requireMatch(ifMatch, state);
      if (state && ifNoneMatch(versionTag(state.version))) return notModified(storedState(state));
    }
    const { state, content } = await readState(core, key);
    requireMatch(ifMatch, state);
    return contentOrParts(storedState(state), content, query.select);
  },
});

/** RFC 9110 §13.2.2: `If-Match` comes before `If-None-Match`. @throws CairnError `precondition_failed` */
function requireMatch(ifMatch: Precondition | undefined, { version }: StateRecord): void {
  if (!accepts(ifMatch, version)) throw wrongVersion(version);
}

function savedAnswer(saved: Saved): Response {
  const headers = { ETag: versionTag(saved.result.version), ...replayed(saved) };
  return json(saved.created ? 201 : 200, saved.result, headers);
}

function storedState({ contentType, sha256, version, savedAt }: StateRecord): Stored {
  return { contentType, sha256, tag: versionTag(version), at: savedAt };
}

export const stateRoutes: Route[] = [putState, patch, getState];

import { sha256Hex, toHex } from "../../frames/digest.ts";
import { Label } from "../../model/checkpoint.ts";
import type { StateRecord } from "../../model/head.ts";
import { once } from "../../model/once.ts";
import { parseWith } from "../../model/parse.ts";
import { Policy } from "../../model/pipeline.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { mergeState } from "../../recovery/merge/merge-state.ts";
import { saveDelta } from "../../state/delta.ts";
import { patchState } from "../../state/patch.ts";
import { readState, requireHead } from "../../state/read.ts";
import { askedOf, type Saved, saveState } from "../../state/save.ts";
import { type PartsInput, saveParts } from "../../state/uploads.ts";
import { accepts, type Precondition, wrongVersion } from "../../state/write.ts";
import { json, notModified, replayed, type Stored } from "../answers.ts";
import { contentOrParts } from "../content-answer.ts";
import { onePrecondition, versionTag } from "../etag.ts";
import * as header from "../headers.ts";
import { malformed } from "../invalid.ts";
import { readJson } from "../json-body.ts";
import { checkContentType, essence, isJson } from "../media.ts";
import { select } from "../query.ts";
import { type Route, route } from "../route.ts";
import { SaveResult } from "../schemas.ts";
import { contentBody, DELTA_TYPE, PARTS_TYPE, PartsBody, patchBody } from "../state-body.ts";
import { patcher } from "../state-patch.ts";
import { ADDING_ERRORS, answer, PIPELINE, READ_ERRORS, storedContent, storedRange } from "./shared.ts";

const checkpoint = once(() =>
  z
    ._default(z.enum(["auto", "always", "never"]), "never")
    .check(
      z.meta({ description: "Whether a checkpoint is made in the same commit; `auto`: as the policy says." }),
    ),
);

const strategy = once(() =>
  z
    .optional(Policy().shape.strategy)
    .check(
      z.meta({ description: "What `auto` decides by where the pipeline was registered with no strategy." }),
    ),
);

const label = once(() => z.optional(Label()).check(z.meta({ description: "Of that checkpoint." })));

const SaveQuery = once(() =>
  z.strictObject({
    checkpoint: checkpoint(),
    strategy: strategy(),
    label: label(),
    onConflict: z._default(z.enum(["fail", "merge"]), "fail").check(
      z.meta({
        description:
          "What becomes of a save over another version than the one in If-Match: 412, or a three-way merge of the JSON.",
      }),
    ),
  }),
);

const NO_MERGE = "a patch is made upon the current state: merge is for PUT";

const PatchQuery = once(() =>
  z.strictObject({
    checkpoint: checkpoint(),
    strategy: strategy(),
    label: label(),
    onConflict: z
      ._default(
        z.enum(["fail"], { error: ({ input }) => (input === "merge" ? NO_MERGE : undefined) }),
        "fail",
      )
      .check(
        z.meta({ description: "What becomes of a patch upon another version than the one in If-Match." }),
      ),
  }),
);

const SAVE_ERRORS = [...ADDING_ERRORS, "precondition_failed", "digest_mismatch"] as const;

const putState = route({
  method: "PUT",
  path: `${PIPELINE}/state`,
  operationId: "saveState",
  summary: "Save a state",
  description:
    "The body becomes the next version, byte for byte. JSON types must parse. Without a condition, the last writer wins. A state in parts is named by `application/vnd.cairn.parts+json`: it needs `Repr-Digest` of the whole, and is `verified: false` until it was read.\n\nWith `onConflict=merge`, JSON that was made from the version in `If-Match` is merged with what others have saved since: changes of different members go together at every depth, and so do changes of different items of an array. What both changed differently clashes: it is settled by the pipeline's `merge` policy (`ours` is what the service has, `theirs` what this request saves; with `sum`, send an `Idempotency-Key`, or a request that is sent again counts again), or else nothing is saved and 409 `merge_conflict` lists the JSON Pointers, items of arrays by their place in the version of `If-Match`. A version that is not kept any more cannot be merged from (412): kept are the current one, the one before, those of checkpoints, and those that these are stored upon. Where others saved, the answer's `sha256` is that of the merged state, and its `version` more than one above `If-Match`: load it to go on.",
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
  errors: [
    ...SAVE_ERRORS,
    "invalid_json",
    "too_deep",
    "parts_missing",
    "merge_conflict",
    "not_json",
    "unrecoverable",
  ],
  async handle({ core, key, query, headers, body: { bytes, contentType }, maxBodyBytes }) {
    const common = {
      caller: header.callerOf(headers),
      checkpoint: query.checkpoint,
      ...onePrecondition(headers.ifMatch, headers.ifNoneMatch),
      ...headers.task,
      ...decidedBy(query),
    };
    const version = query.onConflict === "merge" ? versionToMerge(headers, contentType) : null;
    if (essence(contentType) === PARTS_TYPE) {
      const parts = partsOf(bytes, headers);
      return savedAnswer(await saveParts(core, key, { ...common, ...parts }));
    }
    await header.checkDigest(headers.reprDigest, bytes);
    if (isJson(contentType)) readJson(bytes);
    const input = { ...common, content: bytes, contentType };
    if (version === null) return savedAnswer(await saveState(core, key, input));
    return savedAnswer(await mergeState(core, key, { ...input, version, maxBytes: maxBodyBytes }));
  },
});

function decidedBy({ label, strategy }: { label?: string | undefined; strategy?: Policy["strategy"] }) {
  return present({ label, policy: strategy && { strategy } });
}

/** The version that the content was made from. @throws CairnError `malformed` */
function versionToMerge({ ifMatch }: { ifMatch: Precondition | undefined }, contentType: string): number {
  if (essence(contentType) === PARTS_TYPE)
    throw malformed("onConflict", "a state in parts is not merged: only fail");
  return oneVersion(ifMatch, "merging needs the one version that the state was made from");
}

/** @throws CairnError `malformed` */
function oneVersion(ifMatch: Precondition | undefined, message: string): number {
  const [version, ...others] = typeof ifMatch === "object" ? ifMatch.versions : [];
  if (version === undefined || others.length > 0) throw malformed("If-Match", message);
  return version;
}

/** @throws CairnError `malformed`, `invalid_json` */
function partsOf(
  bytes: Uint8Array,
  { reprDigest }: { reprDigest: Uint8Array | undefined },
): Pick<PartsInput, "uploadId" | "tokens" | "contentType" | "sha256"> {
  if (!reprDigest) throw malformed("Repr-Digest", "parts need the sha-256 of the state that they make");
  const body = parseWith(PartsBody(), JSON.parse(readJson(bytes)), "The body");
  const contentType = checkContentType(body.contentType, "/contentType");
  return { uploadId: body.uploadId, tokens: body.parts, contentType, sha256: toHex(reprDigest) };
}

const patch = route({
  method: "PATCH",
  path: `${PIPELINE}/state`,
  operationId: "patchState",
  summary: "Change a state",
  description:
    "Applies a merge patch (RFC 7396) or a JSON Patch (RFC 6902) to the current JSON, as a whole or not at all. Numbers keep their text. A delta changes bytes of any type: it needs `If-Match` with the one version that it is made upon, and `Repr-Digest` of the state that it makes, which is `verified: false` until it was read.",
  tag: "State",
  scope: "write",
  query: PatchQuery,
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
    const common = {
      caller: header.callerOf(headers),
      checkpoint: query.checkpoint,
      ...onePrecondition(headers.ifMatch, undefined),
      ...headers.task,
      ...decidedBy(query),
    };
    if (body.type === DELTA_TYPE) {
      const sha256 = digestOfDelta(headers);
      const input = { ...common, delta: body.bytes, sha256, maxBytes: maxBodyBytes };
      return savedAnswer(await saveDelta(core, key, input));
    }
    await header.checkDigest(headers.reprDigest, body.bytes);
    const digest = await sha256Hex(body.bytes);
    const saved = await patchState(core, key, {
      change: patcher(body.type, readJson(body.bytes), maxBodyBytes),
      request: ["patch", body.type, digest, ...askedOf(common)],
      ...common,
    });
    return savedAnswer(saved);
  },
});

/** A delta is made upon one version, and says what it makes. @throws CairnError `malformed` */
function digestOfDelta({
  ifMatch,
  reprDigest,
}: {
  ifMatch: Precondition | undefined;
  reprDigest: Uint8Array | undefined;
}): string {
  oneVersion(ifMatch, "a delta needs the one version that it is made upon");
  if (!reprDigest) throw malformed("Repr-Digest", "a delta needs the sha-256 of the state that it makes");
  return toHex(reprDigest);
}

const getState = route({
  method: "GET",
  path: `${PIPELINE}/state`,
  operationId: "loadState",
  summary: "Load a state",
  tag: "State",
  scope: "read",
  query: () => z.strictObject({ select: select() }),
  headers: { ifMatch: header.ifMatchOfRead, ifNoneMatch: header.ifNoneMatch, range: header.range },
  answers: {
    200: storedContent,
    206: storedRange,
    304: { description: "The client has this version", headers: ["ETag", "Last-Modified"] },
  },
  errors: [...READ_ERRORS, "not_json", "precondition_failed", "range_not_satisfiable", "too_large"],
  async handle({ core, key, query, headers: { ifMatch, ifNoneMatch, range } }) {
    if (ifNoneMatch) {
      const { state } = await requireHead(core, key);
      if (state) requireMatch(ifMatch, state);
      if (state && ifNoneMatch(versionTag(state.version))) return notModified(storedState(state));
    }
    const { state, content } = await readState(core, key);
    requireMatch(ifMatch, state);
    return contentOrParts(storedState(state), content, { select: query.select, range });
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

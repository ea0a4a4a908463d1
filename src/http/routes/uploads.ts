import { UploadId } from "../../model/names.ts";
import { once } from "../../model/once.ts";
import * as z from "../../model/zod.ts";
import { beginUpload, uploadPart } from "../../state/uploads.ts";
import { json } from "../answers.ts";
import { readBody } from "../body.ts";
import * as header from "../headers.ts";
import { emptyBody } from "../json-body.ts";
import { type BodySpec, type Route, route } from "../route.ts";
import { answer, PIPELINE } from "./shared.ts";

const Upload = once(() =>
  z.object({ uploadId: UploadId(), partBytes: z.int(), mostParts: z.int() }).check(z.meta({ id: "Upload" })),
);
const UploadedPart = once(() =>
  z
    .object({ part: z.int(), bytes: z.int(), sha256: z.string(), token: z.string() })
    .check(z.meta({ id: "UploadedPart" })),
);

const begin = route({
  method: "POST",
  path: `${PIPELINE}/uploads`,
  operationId: "beginUpload",
  summary: "Begin a state in parts",
  description:
    "For a state larger than one request may be: send its parts, each of `partBytes` at most, then make them the state by `PUT …/state`. Parts that are not made a state in an hour go by themselves.",
  tag: "State",
  scope: "write",
  body: emptyBody,
  answers: { 201: answer("Where the parts go", Upload) },
  errors: [],
  handle: async ({ core, key }) => json(201, await beginUpload(core, key)),
});

const partBody: BodySpec<Uint8Array> = { required: true, content: { "*/*": {} }, read: readBody };

const part = route({
  method: "PUT",
  path: `${PIPELINE}/uploads/{uploadId}/parts/{partNumber}`,
  operationId: "uploadPart",
  summary: "Send a part of a state",
  description:
    "Parts are numbered from 1, may be sent in any order, and again. The state is made by their tokens.",
  tag: "State",
  scope: "write",
  headers: { reprDigest: header.reprDigest },
  body: partBody,
  answers: { 200: answer("What is to be given back", UploadedPart) },
  errors: ["insufficient_storage", "quota_exceeded", "digest_mismatch"],
  async handle({ core, key, params, headers, body: content }) {
    await header.checkDigest(headers.reprDigest, content);
    const { uploadId, partNumber: place } = params;
    return json(200, await uploadPart(core, key, { uploadId, part: Number(place), content }));
  },
});

export const uploadRoutes: readonly Route[] = [begin, part];

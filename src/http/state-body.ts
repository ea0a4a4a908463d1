import { CairnError } from "../model/errors.ts";
import { UploadId } from "../model/names.ts";
import { once } from "../model/once.ts";
import * as z from "../model/zod.ts";
import { readBody } from "./body.ts";
import { contentTypeOf, essence } from "./media.ts";
import type { BodySpec } from "./route.ts";

/** What `PATCH …/state` takes: changes of JSON, and of bytes (`frames/delta/format.ts`). */
export type PatchType = JsonPatchType | typeof DELTA_TYPE;
export type JsonPatchType = "application/merge-patch+json" | "application/json-patch+json";

export const DELTA_TYPE = "application/vnd.cairn.delta";
const PATCH_TYPES: readonly string[] = [
  "application/merge-patch+json",
  "application/json-patch+json",
  DELTA_TYPE,
];

/** What names the parts of a state, uploaded before, instead of holding the state. */
export const PARTS_TYPE = "application/vnd.cairn.parts+json";

export const PartsBody = once(() =>
  z
    .strictObject({
      uploadId: UploadId(),
      contentType: z.string().check(z.meta({ description: "Of the state that the parts make." })),
      parts: z
        .array(z.string())
        .check(
          z.minLength(1),
          z.maxLength(1000),
          z.meta({ description: "The token of each part, in their order." }),
        ),
    })
    .check(z.meta({ id: "Parts" })),
);

/** Any bytes, with the type that they are kept under. */
export const contentBody: BodySpec<{ bytes: Uint8Array; contentType: string }> = {
  required: true,
  content: {
    "application/json": { example: { step: 1, done: ["collect"] } },
    [PARTS_TYPE]: { schema: PartsBody },
    "*/*": {},
  },
  async read(request, maxBytes) {
    const contentType = contentTypeOf(request.headers) ?? "application/octet-stream";
    return { bytes: await readBody(request, maxBytes), contentType };
  },
};

/** A patch, by its media type. */
export const patchBody: BodySpec<{ bytes: Uint8Array; type: PatchType }> = {
  required: true,
  content: {
    "application/merge-patch+json": { example: { step: 2 } },
    "application/json-patch+json": { example: [{ op: "add", path: "/done/-", value: "tokenise" }] },
    [DELTA_TYPE]: {},
  },
  async read(request, maxBytes) {
    const type = essence(contentTypeOf(request.headers) ?? "");
    if (!PATCH_TYPES.includes(type)) {
      throw new CairnError("unsupported_media_type", `A patch is one of ${PATCH_TYPES.join(", ")}.`);
    }
    return { bytes: await readBody(request, maxBytes), type: type as PatchType };
  },
};

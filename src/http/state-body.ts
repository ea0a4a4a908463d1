import { CairnError } from "../model/errors.ts";
import { readBody } from "./body.ts";
import { contentTypeOf, essence } from "./media.ts";
import type { BodySpec } from "./route.ts";

/** What `PATCH …/state` takes. */
export type PatchType = "application/merge-patch+json" | "application/json-patch+json";

const PATCH_TYPES: readonly string[] = ["application/merge-patch+json", "application/json-patch+json"];

/** Any bytes, with the type that they are kept under. */
export const contentBody: BodySpec<{ bytes: Uint8Array; contentType: string }> = {
  required: true,
  content: { "application/json": { example: { step: 1, done: ["collect"] } }, "*/*": {} },
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
  },
  async read(request, maxBytes) {
    const type = essence(contentTypeOf(request.headers) ?? "");
    if (!PATCH_TYPES.includes(type)) {
      throw new CairnError("unsupported_media_type", `A patch is one of ${PATCH_TYPES.join(", ")}.`);
    }
    return { bytes: await readBody(request, maxBytes), type: type as PatchType };
  },
};

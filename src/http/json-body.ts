import { CairnError } from "../model/errors.ts";
import { refuseInexact } from "../model/json/exact.ts";
import { checkJson, decodeUtf8 } from "../model/json/text.ts";
import { once } from "../model/once.ts";
import { parseWith } from "../model/parse.ts";
import * as z from "../model/zod.ts";
import { readBody } from "./body.ts";
import { contentTypeOf, isJson } from "./media.ts";
import type { BodySpec } from "./route.ts";

/** A JSON body: what its schema made of it, and its very text. */
export interface JsonBody<T> {
  value: T;
  text: string;
}

/**
 * The text of a JSON document. @throws CairnError `invalid_json` (UTF-8, syntax, empty, byte order mark),
 * `too_deep`
 */
export function readJson(bytes: Uint8Array, maxDepth = 64): string {
  const text = decodeUtf8(bytes);
  if (text === null) throw new CairnError("invalid_json", "The JSON is not valid UTF-8.");
  const check = checkJson(text, maxDepth);
  if (check.ok) return text;
  throw new CairnError(check.reason === "depth" ? "too_deep" : "invalid_json", check.message);
}

export interface JsonBodyOptions {
  example?: unknown;
  /** No body is like `{}`. @default false */
  optional?: boolean;
  /** How deep arrays and objects may nest. @default 64 */
  maxDepth?: number;
}

/** A body of `application/json` (or a type built on it) that a schema checks; unknown fields are refused by it. */
export function jsonBody<S extends z.ZodMiniType>(
  declared: () => S,
  { example, optional = false, maxDepth = 64 }: JsonBodyOptions = {},
): BodySpec<JsonBody<z.output<S>>> {
  const schema = once(declared);
  const media = example === undefined ? { schema } : { schema, example };
  return {
    required: !optional,
    content: { "application/json": media },
    errors: ["invalid_json", "too_deep"],
    async read(request, maxBytes) {
      const bytes = await readBody(request, maxBytes);
      if (bytes.length === 0 && optional) return { value: parseWith(schema(), {}, "The body"), text: "{}" };
      requireJsonType(contentTypeOf(request.headers));
      const text = readJson(bytes, maxDepth);
      // What is `data` is kept as its text, and may hold anything.
      refuseInexact(text, "The body", "data");
      return { value: parseWith(schema(), JSON.parse(text), "The body"), text };
    },
  };
}

/** Any JSON type, and none: what a client did not name cannot be held against it. */
function requireJsonType(contentType: string | null): void {
  if (contentType === null || isJson(contentType)) return;
  throw new CairnError("unsupported_media_type", "The body must be application/json.");
}

/** Of a route that takes no fields: a body is not needed, not described, and nothing may be in it. */
export const emptyBody: BodySpec<JsonBody<Record<string, never>>> = {
  ...jsonBody(() => z.strictObject({}), { optional: true }),
  content: {},
};

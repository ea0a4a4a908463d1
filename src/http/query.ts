import * as z from "zod";
import { parsePointer } from "../model/json/pointer.ts";
import { malformed, parseWith } from "./invalid.ts";

const NONE = z.strictObject({});
const LIMIT = "a whole number from 1 to 500";

/** How many items a page holds. */
export const limit = z
  .string()
  .transform((text, context) => {
    if (/^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= 500) return Number(text);
    context.addIssue({ code: "custom", message: LIMIT });
    return z.NEVER;
  })
  .default(50)
  .meta({ type: "integer", minimum: 1, maximum: 500, description: "Items a page. Default 50." });

/** The parameters of every list. A cursor is judged by the list that gave it out. */
export const pageQuery = {
  limit,
  cursor: z.string().optional().meta({ description: "Where the last page ended: its `cursor`." }),
};

export const select = z
  .array(z.string().refine((text) => parsePointer(text) !== null, "not a JSON Pointer (RFC 6901)"))
  .max(256, "at most 256 of them")
  .optional()
  .meta({ description: "JSON Pointer of a part to answer instead of the whole; may be repeated." });

export const flag = z
  .string()
  .transform((text, context) => {
    if (text === "true" || text === "false") return text === "true";
    context.addIssue({ code: "custom", message: "true or false" });
    return z.NEVER;
  })
  .default(false)
  .meta({ type: "boolean" });

/**
 * Parses the query of a URL. Unknown parameters and repeated ones are refused, except those whose schema is
 * an array. `name.key=value` goes into the record `name`, where the schema has one.
 *
 * @throws CairnError `malformed`
 */
export function parseQuery(schema: z.ZodObject | undefined, url: string): Record<string, unknown> {
  const start = url.indexOf("?");
  const known = schema ?? NONE;
  const input = start < 0 ? {} : collect(known, decode(url.slice(start + 1)));
  return parseWith(known, input, "The query", (path) => path.join("."));
}

/** URLSearchParams puts U+FFFD for what is not UTF-8, and takes broken escapes for text. */
function decode(query: string): URLSearchParams {
  try {
    decodeURIComponent(query);
  } catch {
    throw malformed("query", "is not percent-encoded UTF-8");
  }
  return new URLSearchParams(query);
}

function collect(schema: z.ZodObject, parameters: URLSearchParams): Record<string, unknown> {
  const input = new Map<string, unknown>();
  const records = new Map<string, Map<string, string>>();
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const [group, key] = splitName(schema, name);
    if (isKind(schema, name, z.ZodArray)) input.set(name, values);
    else if (values.length > 1) throw malformed(name, "given more than once");
    else if (group === null) input.set(name, values[0]);
    else records.set(group, (records.get(group) ?? new Map()).set(key, values[0]!));
  }
  for (const [group, record] of records) input.set(group, Object.fromEntries(record));
  // fromEntries defines own properties: a parameter named __proto__ is an unknown one.
  return Object.fromEntries(input);
}

function splitName(schema: z.ZodObject, name: string): [string, string] | [null, null] {
  const dot = name.indexOf(".");
  const group = name.slice(0, dot);
  const key = name.slice(dot + 1);
  // Records leave out a key of this name without a word.
  const known = dot > 0 && key !== "__proto__" && isKind(schema, group, z.ZodRecord);
  return known ? [group, key] : [null, null];
}

/** Whether a parameter's schema is of a class, beneath `optional`. */
export function isKind(
  schema: z.ZodObject,
  name: string,
  kind: abstract new (...args: never[]) => unknown,
): boolean {
  const member: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  return (member instanceof z.ZodOptional ? member.unwrap() : member) instanceof kind;
}

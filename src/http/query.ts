import { once } from "../model/once.ts";
import { parseWith } from "../model/parse.ts";
import { Pointers } from "../model/pointers.ts";
import * as z from "../model/zod.ts";
import { malformed } from "./invalid.ts";

const NONE = once(() => z.strictObject({}));
const LIMIT = "a whole number from 1 to 500";

/** How many items a page holds. */
const limit = once(() =>
  z
    ._default(z.pipe(z.string().check(z.refine(isLimit, LIMIT)), z.transform(Number)), 50)
    .check(z.meta({ type: "integer", minimum: 1, maximum: 500, description: "Items a page. Default 50." })),
);

function isLimit(text: string): boolean {
  return /^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= 500;
}

/** The parameters of every list. A cursor is judged by the list that gave it out. */
export const pageQuery = once(() => ({
  limit: limit(),
  cursor: z.optional(z.string()).check(z.meta({ description: "Where the last page ended: its `cursor`." })),
}));

export const select = once(() =>
  z
    .optional(Pointers())
    .check(
      z.meta({ description: "JSON Pointer of a part to answer instead of the whole; may be repeated." }),
    ),
);

export const flag = once(() =>
  z
    ._default(
      z.pipe(
        z.string().check(z.refine((text) => text === "true" || text === "false", "true or false")),
        z.transform((text) => text === "true"),
      ),
      false,
    )
    .check(z.meta({ type: "boolean" })),
);

/**
 * Parses the query of a URL. Unknown parameters and repeated ones are refused, except those whose schema is
 * an array. `name.key=value` goes into the record `name`, where the schema has one.
 *
 * @throws CairnError `malformed`
 */
export function parseQuery(
  schema: (() => z.ZodMiniObject) | undefined,
  url: string,
): Record<string, unknown> {
  const start = url.indexOf("?");
  const known = (schema ?? NONE)();
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

function collect(schema: z.ZodMiniObject, parameters: URLSearchParams): Record<string, unknown> {
  const input = new Map<string, unknown>();
  const records = new Map<string, Map<string, string>>();
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const [group, key] = splitName(schema, name);
    if (isKind(schema, name, "array")) input.set(name, values);
    else if (values.length > 1) throw malformed(name, "given more than once");
    else if (group === null) input.set(name, values[0]);
    else records.set(group, (records.get(group) ?? new Map()).set(key, values[0]!));
  }
  for (const [group, record] of records) input.set(group, Object.fromEntries(record));
  // fromEntries defines own properties: a parameter named __proto__ is an unknown one.
  return Object.fromEntries(input);
}

function splitName(schema: z.ZodMiniObject, name: string): [string, string] | [null, null] {
  const dot = name.indexOf(".");
  const group = name.slice(0, dot);
  const key = name.slice(dot + 1);
  // Records leave out a key of this name without a word.
  const known = dot > 0 && key !== "__proto__" && isKind(schema, group, "record");
  return known ? [group, key] : [null, null];
}

/** Whether a parameter's schema is of a kind, beneath `optional`. */
export function isKind(schema: z.ZodMiniObject, name: string, kind: "array" | "record"): boolean {
  const member = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  const inner = member instanceof z.ZodMiniOptional ? member.def.innerType : member;
  return inner?._zod.def.type === kind;
}

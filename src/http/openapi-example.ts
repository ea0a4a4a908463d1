import type { JsonSchema } from "./json-schema.ts";

type Named = Readonly<Record<string, JsonSchema>>;

/** An instance of a schema, for people to look at: its examples, else the first that fits. */
export function exampleOf(schema: JsonSchema, named: Named): unknown {
  if (schema.$ref !== undefined) return exampleOf(resolved(schema, named)!, named);
  const { example, default: byDefault, const: constant, anyOf, oneOf } = schema;
  const given = example ?? byDefault ?? constant ?? (schema.enum as unknown[] | undefined)?.[0];
  if (given !== undefined) return given;
  if (schema.type === "object") return exampleOfObject(schema, named);
  const [first] = ((anyOf ?? oneOf) as JsonSchema[] | undefined) ?? [];
  if (first) return exampleOf(first, named);
  if (schema.type !== "array") return exampleOfScalar(schema);
  return schema.items ? [exampleOf(schema.items as JsonSchema, named)] : [];
}

function exampleOfObject(
  { properties, propertyNames, additionalProperties }: JsonSchema,
  named: Named,
): object {
  const names = (resolved(propertyNames as JsonSchema | undefined, named)?.enum ?? []) as string[];
  const others = names.map((name) => [name, additionalProperties as JsonSchema] as const);
  const members = [...Object.entries((properties ?? {}) as Record<string, JsonSchema>), ...others];
  return Object.fromEntries(members.map(([name, schema]) => [name, exampleOf(schema, named)]));
}

function resolved(schema: JsonSchema | undefined, named: Named): JsonSchema | undefined {
  return typeof schema?.$ref === "string" ? named[schema.$ref.split("/").at(-1)!] : schema;
}

function exampleOfScalar({ type, format, pattern, minimum }: JsonSchema): unknown {
  if (type === "integer") return Math.max(1, Number(minimum ?? 1));
  if (type === "number") return Math.max(0.5, Number(minimum ?? 0));
  if (type === "boolean") return true;
  if (type !== "string") return null;
  if (format === "date-time") return "2026-11-23T08:00:00.000Z";
  if (format === "uri") return "https://example.com/wake";
  const isDigest = String(pattern).includes("{64}");
  return isDigest ? "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" : "…";
}

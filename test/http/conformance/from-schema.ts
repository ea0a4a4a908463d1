import fc from "fast-check";

export type Schema = { [keyword: string]: unknown };
export type Schemas = Readonly<Record<string, Schema>>;

/** What a schema of the document lets through, made from that alone. */
export function fromSchema(schema: Schema, named: Schemas): fc.Arbitrary<unknown> {
  const inner = (each: unknown) => fromSchema(each as Schema, named);
  if (typeof schema.$ref === "string") return reference(schema.$ref.split("/").at(-1)!, named);
  if ("const" in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  if (schema.type === "object") return object(schema, inner).filter((value) => isComplete(schema, value));
  const union = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (union) return fc.oneof(...union.map((each) => inner({ ...each, type: each.type ?? schema.type })));
  if (schema.type === "array")
    return fc.array(inner(schema.items ?? {}), { minLength: Number(schema.minItems ?? 0), maxLength: 3 });
  return schema.type === undefined ? fc.jsonValue({ maxDepth: 3 }) : scalar(schema);
}

function reference(name: string, named: Schemas): fc.Arbitrary<unknown> {
  if (name === "Json") return fc.jsonValue({ maxDepth: 3 });
  const schema = named[name]!;
  const made = fromSchema(schema, named);
  return schema.example === undefined ? made : fc.oneof(fc.constant(schema.example), made);
}

function object(schema: Schema, inner: (each: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const record = Object.fromEntries(properties.map(([name, each]) => [name, inner(each)]));
  const known = fc.record(record, { requiredKeys: (schema.required ?? []) as string[] });
  if (typeof schema.additionalProperties !== "object" || schema.propertyNames === undefined) return known;
  return fc.dictionary(
    inner(schema.propertyNames).map(String) as fc.Arbitrary<string>,
    inner(schema.additionalProperties),
    { maxKeys: 3, noNullPrototype: true },
  );
}

interface Needs {
  required: string[];
}

/** Which members must be there, or not together. */
function isComplete({ anyOf, not }: Schema, value: object): boolean {
  const has = ({ required }: Needs) => required.every((name) => name in value);
  return (anyOf === undefined || (anyOf as Needs[]).some(has)) && (not === undefined || !has(not as Needs));
}

function scalar(schema: Schema): fc.Arbitrary<unknown> {
  const { minimum, maximum, exclusiveMinimum: over } = schema as Record<string, number | undefined>;
  if (schema.type === "null") return fc.constant(null);
  if (schema.type === "boolean") return fc.boolean();
  if (schema.type === "integer")
    return fc.integer({ min: minimum ?? -1000, max: Math.min(maximum ?? 1e9, 1e9) });
  if (schema.type === "number") {
    const range = { min: minimum ?? over ?? -1e6, max: maximum ?? 1e6, noNaN: true };
    return fc.double({ ...range, minExcluded: over !== undefined }).map((value) => value + 0);
  }
  return text(schema);
}

function text({ pattern, format, minLength, maxLength }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") {
    const limits = { min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true };
    return fc.date(limits).map((date) => date.toISOString());
  }
  if (format === "uri") return fc.webUrl({ validSchemes: ["https"] });
  if (typeof pattern === "string" && !pattern.includes("(?!")) return fc.stringMatching(new RegExp(pattern));
  if (typeof pattern === "string") return fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);
  return fc.string({ minLength: Number(minLength ?? 0), maxLength: Math.min(Number(maxLength ?? 12), 12) });
}

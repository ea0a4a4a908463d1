/** JSON as OTLP has it: integers of 64 bits are text, enumerations numbers, ids hex. */

type Value = string | number | bigint;

/** Attributes, a `bigint` as an integer and a `number` as none; those without a value are left out. */
export function attributes(values: Readonly<Record<string, Value | null | undefined>>): object[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [{ key, value: typed(value) }],
  );
}

function typed(value: Value): object {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "bigint" ? { intValue: String(value) } : { doubleValue: value };
}

/** Nanoseconds since 1970, which a number does not hold: it holds microseconds. */
export function nanoseconds(milliseconds: number): string {
  return `${Math.round(milliseconds * 1000)}000`;
}

/** Who tells. One process is one source, or sums of two would be taken for one told twice. */
export function resourceOf(serviceName: string): object {
  const named = { "service.name": serviceName, "service.instance.id": crypto.randomUUID() };
  return { attributes: attributes(named) };
}

export const SCOPE = { name: "cairn" };

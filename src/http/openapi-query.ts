import type * as z from "../model/zod.ts";
import type { JsonSchema, SchemaBook } from "./json-schema.ts";
import type { Parameter } from "./openapi.ts";
import { isKind } from "./query.ts";

/** The parameters of a query's schema. A record becomes `name.{key}`, for OpenAPI has no style for that. */
export function queryParameters(query: z.ZodMiniObject, book: SchemaBook): Parameter[] {
  const { properties, required = [] } = book.of(query) as {
    properties: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...(isKind(query, name, "record")
      ? { name: `${name}.{key}`, schema: { type: "string" } }
      : { name, schema }),
    in: "query",
    required: required.includes(name),
    ...(typeof description === "string" ? { description } : {}),
  }));
}

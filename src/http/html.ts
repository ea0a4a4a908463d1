import type { JsonSchema } from "./json-schema.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}

/** Text in which backquotes mark code, as HTML. */
export function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** A table; cells are HTML, an id makes its row a place to link to. */
export function table(
  head: readonly string[],
  rows: readonly { id?: string; cells: readonly string[] }[],
): string {
  const body = rows.map(({ id, cells }) => {
    const mark = id === undefined ? "" : ` id="${id}"`;
    return `<tr${mark}>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const names = head.map((name) => `<th>${name}</th>`).join("");
  return `<div class="wide"><table><thead><tr>${names}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** A JSON Schema as a type one can read, linked to the components it names; HTML. */
export function typeOf(schema: JsonSchema | undefined): string {
  if (!schema) return "bytes";
  if (typeof schema.$ref === "string") return linkTo(schema.$ref);
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => escapeHtml(JSON.stringify(value))).join(" | ");
  if ("const" in schema) return escapeHtml(JSON.stringify(schema.const));
  if (schema.type === "object") return objectType(schema);
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items as JsonSchema)}[]`;
  return escapeHtml([schema.format ?? schema.type ?? "any"].flat().join(" | "));
}

function linkTo(ref: string): string {
  const name = ref.slice(ref.lastIndexOf("/") + 1);
  return `<a href="#schema-${name}">${name}</a>`;
}

function objectType({ properties, required = [], additionalProperties }: JsonSchema): string {
  const members = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  const needed = required as string[];
  const lines = members.map(([name, type]) => `${name}${needed.includes(name) ? "" : "?"}: ${typeOf(type)}`);
  if (typeof additionalProperties === "object")
    lines.push(`[key]: ${typeOf(additionalProperties as JsonSchema)}`);
  return lines.length > 0 ? `{ ${lines.join("; ")} }` : "{}";
}

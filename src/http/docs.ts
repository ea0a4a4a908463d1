import { sha256 } from "../frames/digest.ts";
import { toBase64 } from "../model/base64.ts";
import { ERROR_CODES } from "../model/errors.ts";
import { curl } from "./curl.ts";
import { STYLE } from "./docs-style.ts";
import { escapeHtml, prose, table, typeOf } from "./html.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { OpenApi, Operation } from "./openapi.ts";

/**
 * The page at `/docs`: rendered from the OpenAPI document, of one piece, without a script or an outside host. A viewer
 * such as Scalar is a script of 1 MB gzipped, five times what a whole Worker may be.
 */
export async function docsAnswer(document: OpenApi): Promise<Response> {
  const style = toBase64(await sha256(new TextEncoder().encode(STYLE)));
  return new Response(renderDocs(document), {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-cache",
    },
  });
}

/** The page's HTML. */
export function renderDocs(document: OpenApi): string {
  const { info, tags } = document;
  const operations = listOperations(document);
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<h2>${escapeHtml(name)}</h2>${own.map((each) => renderOperation(each, document)).join("")}`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cairn: HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>
<nav><b>Cairn</b>${navigation(operations)}<a href="#schemas">Schemas</a><a href="#errors">Error codes</a></nav>
<main><h1>HTTP API</h1><p>${prose(info.description)}</p>
<p>The same as a document for tools: <a href="/openapi.json">openapi.json</a>.</p>
${sections.join("\n")}
${renderSchemas(document)}
${renderErrors()}</main></body></html>`;
}

interface Listed {
  path: string;
  method: string;
  operation: Operation;
}

function listOperations({ paths }: OpenApi): Listed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

function navigation(operations: Listed[]): string {
  return operations
    .map(({ operation }) => `<a href="#${operation.operationId}">${escapeHtml(operation.summary)}</a>`)
    .join("");
}

function renderOperation({ path, method, operation }: Listed, document: OpenApi): string {
  const { operationId, summary, description = "", "x-scope": scope } = operation;
  const needs = scope === null ? "No key is needed." : `Needs the scope <code>${scope}</code>.`;
  return `<section id="${operationId}"><h3>${escapeHtml(summary)}</h3>
<p class="call"><b class="${method}">${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code></p>
<p>${prose(description)} ${needs}</p>${renderParameters(operation)}${renderBody(operation)}${renderAnswers(operation)}
<pre>${escapeHtml(curl(path, method, operation, document))}</pre></section>`;
}

function renderParameters({ parameters }: Operation): string {
  if (parameters.length === 0) return "";
  const rows = parameters.map((each) => {
    const example =
      each.example === undefined ? "" : ` For example <code>${escapeHtml(each.example)}</code>.`;
    const cells = [`<code>${escapeHtml(each.name)}</code>`, each.in, typeOf(each.schema)];
    return { cells: [...cells, prose(each.description ?? "") + example] };
  });
  return `<h4>Parameters</h4>${table(["name", "in", "type", ""], rows)}`;
}

function renderBody({ requestBody }: Operation): string {
  if (!requestBody) return "";
  const rows = Object.entries(requestBody.content).map(([type, { schema, example }]) => ({
    cells: [
      `<code>${type}</code>`,
      `<code>${schema ? typeOf(schema) : "any"}</code>`,
      example === undefined ? "" : `<code>${escapeHtml(JSON.stringify(example))}</code>`,
    ],
  }));
  return `<h4>Body${requestBody.required ? "" : " (optional)"}</h4>${table(["media type", "type", "example"], rows)}`;
}

function renderAnswers(operation: Operation): string {
  const codes = operation["x-errors"];
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const own = codes.filter((code) => String(ERROR_CODES[code].status) === status);
    const types = Object.entries(answer.content ?? {}).map(([type, media]) => mediaText(type, media.schema));
    const said =
      Number(status) < 400 || own.length === 0 ? prose(answer.description) : own.map(linkToCode).join(", ");
    return {
      cells: [status, said, Number(status) < 400 ? types.join("<br>") : "", headerText(answer.headers)],
    };
  });
  return `<h4>Answers</h4>${table(["status", "", "body", "headers"], rows)}`;
}

function mediaText(type: string, schema: Parameters<typeof typeOf>[0]): string {
  return schema ? `<code>${typeOf(schema)}</code>` : `<code>${type}</code>`;
}

function headerText(headers: object = {}): string {
  return Object.keys(headers)
    .map((name) => `<code>${name}</code>`)
    .join(" ");
}

function linkToCode(code: string): string {
  return `<a href="#${code}">${code}</a>`;
}

function renderSchemas({ components }: OpenApi): string {
  const rows = Object.entries(components.schemas).map(([name, schema]) => ({
    id: `schema-${name}`,
    cells: [`<code>${name}</code>`, `<code>${typeOf(schema)}</code> ${patternOf(schema)}`],
  }));
  return `<h2 id="schemas">Schemas</h2>${table(["name", "type"], rows)}`;
}

function patternOf({ pattern }: JsonSchema): string {
  return typeof pattern === "string" ? `matching <code>${escapeHtml(pattern)}</code>` : "";
}

function renderErrors(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { status, title }]) => ({
    id: code,
    cells: [`<code>${code}</code>`, String(status), escapeHtml(title)],
  }));
  return `<h2 id="errors">Error codes</h2><p>Every error is <code>application/problem+json</code>; its <code>type</code> leads here.</p>${table(["code", "status", "meaning"], rows)}`;
}

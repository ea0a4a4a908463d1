import { ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import type { HeaderSpec } from "./headers.ts";
import { type JsonSchema, type SchemaBook, schemaBook } from "./json-schema.ts";
import { exampleOf } from "./openapi-example.ts";
import { HEADERS, type Header, type HeaderReference, headersOfProblems, referTo } from "./openapi-headers.ts";
import { queryParameters } from "./openapi-query.ts";
import type { AnswerSpec, MediaSpec, Route } from "./route.ts";
import { Problem } from "./schemas.ts";

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  example?: string;
  schema: JsonSchema;
}

interface Media {
  schema?: JsonSchema;
  example?: unknown;
  examples?: Record<string, { $ref: string }>;
}

export interface Answer {
  description: string;
  headers: Record<string, HeaderReference>;
  content?: Record<string, Media>;
}

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
  "x-scope": string | null;
  /** The codes that it may answer, each a row of the table at `/docs#<code>`. */
  "x-errors": ErrorCode[];
}

export interface OpenApi {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    headers: Readonly<Record<string, Header>>;
    /** A problem of each code. */
    examples: Record<string, { value: object }>;
    securitySchemes: { apiKey: { type: "http"; scheme: "bearer" } };
  };
}

const DESCRIPTION =
  "Durable state, checkpoints and recovery for pipelines. Errors are RFC 9457 problems with a stable `code`. " +
  "Unknown parameters and fields are refused. Times are RFC 3339 in UTC, sizes are bytes.";

/** The description of the routes, as OpenAPI 3.1 (JSON Schema 2020-12). */
export function openApi(routes: readonly Route[]): OpenApi {
  const book = schemaBook();
  const paths: OpenApi["paths"] = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, book) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Cairn", version: "1", description: DESCRIPTION },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: book.schemas,
      headers: HEADERS,
      examples: problemExamples(),
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
    },
  };
}

function operation(route: Route, book: SchemaBook): Operation {
  const { operationId, summary, description, tag, scope, body } = route;
  const codes = errorsOf(route);
  return {
    operationId,
    summary,
    ...(description ? { description } : {}),
    tags: [tag],
    security: scope === null ? [] : [{ apiKey: [] }],
    parameters: parametersOf(route, book),
    ...(body ? requestBody(body, book) : {}),
    responses: { ...answersOf(route.answers, book), ...problemsOf(codes, book, route.answers) },
    "x-scope": scope,
    "x-errors": codes,
  };
}

function requestBody({ required, content }: NonNullable<Route["body"]>, book: SchemaBook) {
  if (Object.keys(content).length === 0) return {};
  return { requestBody: { required, content: contentOf(content, book) } };
}

function parametersOf(route: Route, book: SchemaBook): Parameter[] {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const inPath = names.map((name): Parameter => {
    return { name, in: "path", required: true, schema: book.named(name) };
  });
  const inHeaders = Object.values(route.headers ?? {}).map(headerParameter);
  return [...inPath, ...(route.query ? queryParameters(route.query(), book) : []), ...inHeaders];
}

function headerParameter({ name, description, example }: HeaderSpec<unknown>): Parameter {
  return { name, in: "header", required: false, description, example, schema: { type: "string" } };
}

function contentOf(content: Readonly<Record<string, MediaSpec>>, book: SchemaBook): Record<string, Media> {
  const media = Object.entries(content).map(([type, { schema, example }]) => {
    const described = { ...(schema ? { schema: book.of(schema()) } : {}), ...(example ? { example } : {}) };
    return [type, described] as const;
  });
  return Object.fromEntries(media);
}

function answersOf(answers: Route["answers"], book: SchemaBook): Record<string, Answer> {
  return Object.fromEntries(Object.entries(answers).map(([status, spec]) => [status, answerOf(spec, book)]));
}

function answerOf({ description, content, headers = [] }: AnswerSpec, book: SchemaBook): Answer {
  return {
    description,
    headers: referTo(headers),
    ...(content ? { content: withExamples(contentOf(content, book), book) } : {}),
  };
}

function withExamples(content: Record<string, Media>, book: SchemaBook): Record<string, Media> {
  for (const media of Object.values(content)) {
    if (media.schema) media.example ??= exampleOf(media.schema, book.schemas);
  }
  return content;
}

/** One answer for each status that the codes have, unless the route describes that status itself. */
function problemsOf(codes: ErrorCode[], book: SchemaBook, own: Route["answers"]): Record<string, Answer> {
  const problems: Record<string, Answer> = {};
  for (const status of new Set(codes.map((code) => ERROR_CODES[code].status))) {
    if (status in own) continue;
    const those = codes.filter((code) => ERROR_CODES[code].status === status);
    problems[status] = {
      description: those.join(", "),
      headers: referTo(headersOfProblems(those)),
      content: { "application/problem+json": problemOf(those, book) },
    };
  }
  return problems;
}

function problemOf(codes: readonly ErrorCode[], book: SchemaBook): Media {
  const these = { type: "object", properties: { code: { enum: codes } } };
  return {
    schema: { allOf: [book.of(Problem()), these] },
    examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
  };
}

function problemExamples(): OpenApi["components"]["examples"] {
  const examples = Object.entries(ERROR_CODES).map(([code, { status, title }]) => {
    return [code, { value: { type: `/docs#${code}`, title, status, detail: `${title}.`, code } }];
  });
  return Object.fromEntries(examples);
}

/** The route's own errors and those that follow from what it is made of, by status. */
function errorsOf(route: Route): ErrorCode[] {
  const codes: ErrorCode[] = ["malformed", "internal", ...(route.errors ?? [])];
  if (route.path.includes("{")) codes.push("invalid_id");
  if (route.scope !== null)
    codes.push("unauthorized", "forbidden", "backend_unavailable", "unsupported_format");
  if (route.body) codes.push("too_large", "unsupported_media_type", ...(route.body.errors ?? []));
  return [...new Set(codes)].sort((a, b) => ERROR_CODES[a].status - ERROR_CODES[b].status);
}

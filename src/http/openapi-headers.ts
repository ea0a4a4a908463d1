import type { ErrorCode } from "../model/errors.ts";
import type { JsonSchema } from "./json-schema.ts";

export interface Header {
  description: string;
  schema: JsonSchema;
  example: string;
}

/** A header as an answer names it: described once. */
export interface HeaderReference {
  $ref: string;
}

const text = { type: "string" };

/** Every header of an answer that says something about what was asked. */
export const HEADERS: Readonly<Record<string, Header>> = {
  ETag: {
    description: "The version of the state, as `If-Match` takes it; of data given with a checkpoint, its id.",
    schema: { type: "string", pattern: '^"[^"]+"$' },
    example: '"3"',
  },
  "Repr-Digest": {
    description: "RFC 9530: SHA-256 of the whole content, of a range as well.",
    schema: { type: "string", pattern: "^sha-256=:[A-Za-z0-9+/]{43}=:$" },
    example: "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
  },
  "Last-Modified": {
    description: "When it was saved, to the second.",
    schema: text,
    example: "Mon, 23 Nov 2026 08:00:00 GMT",
  },
  "Cairn-Saved-At": {
    description: "When it was saved, to the millisecond: RFC 3339 in UTC.",
    schema: { type: "string", format: "date-time" },
    example: "2026-11-23T08:00:00.000Z",
  },
  "Accept-Ranges": {
    description: "Ranges of bytes are answered.",
    schema: { const: "bytes" },
    example: "bytes",
  },
  "Content-Range": {
    description: "Which bytes of how many these are.",
    schema: { type: "string", pattern: "^bytes " },
    example: "bytes 0-3999999/9000000",
  },
  "Content-Disposition": {
    description: "A name for the file.",
    schema: text,
    example: 'attachment; filename="nightly-2026-11-23.cairn"',
  },
  Location: {
    description: "Where what was made is, below the service's URL.",
    schema: text,
    example: "/v1/pipelines/nightly-2026-11-23/checkpoints/019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a",
  },
  "Idempotency-Replayed": {
    description:
      "The request was made before, with the same key: this is its answer, and nothing was done now.",
    schema: { const: "true" },
    example: "true",
  },
  "Preference-Applied": {
    description: "What of `Prefer` was done.",
    schema: { const: "profile" },
    example: "profile",
  },
  "Retry-After": {
    description: "After how many seconds the same may go well.",
    schema: { type: "string", pattern: "^[0-9]+$" },
    example: "5",
  },
  "WWW-Authenticate": {
    description: "RFC 6750.",
    schema: text,
    example: 'Bearer realm="cairn"',
  },
  traceparent: {
    description: "W3C Trace Context: the request's own span, below the one that its `traceparent` named.",
    schema: { type: "string", pattern: "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$" },
    example: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  },
  "X-Request-Id": {
    description: "Names the request in the service's log; as it was sent, or made up.",
    schema: text,
    example: "0f4e5d6c-7b8a-4a51-9f0c-2d6f0c3b1a77",
  },
};

const RETRIED: readonly ErrorCode[] = [
  "lease_held",
  "idempotency_in_flight",
  ...(["backend_unavailable", "outcome_unknown", "unsupported_format"] as const),
];

/** What the problems with these codes may have for headers. */
export function headersOfProblems(codes: readonly ErrorCode[]): string[] {
  const has = (...some: readonly ErrorCode[]) => some.some((code) => codes.includes(code));
  return [
    ...(has("precondition_failed", "merge_conflict") ? ["ETag"] : []),
    ...(has(...RETRIED) ? ["Retry-After"] : []),
    ...(has("unauthorized") ? ["WWW-Authenticate"] : []),
    ...(has("range_not_satisfiable") ? ["Content-Range"] : []),
  ];
}

/** All have an id of the request, and of its span. */
export function referTo(names: readonly string[]): Record<string, HeaderReference> {
  const all = [...names, "traceparent", "X-Request-Id"];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

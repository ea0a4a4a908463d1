import { CairnError, ERROR_CODES } from "../model/errors.ts";

/** What the log may know of a request: never its URL, headers or body. */
export interface Occasion {
  requestId?: string;
  operationId?: string;
}

/**
 * The answer to anything that was thrown, as RFC 9457 `application/problem+json`. `type` is a relative
 * reference to the code's place on the service's own docs page. What is no CairnError becomes `internal`: its
 * message may carry SQL, keys or payloads, so neither the answer nor the log does.
 */
export function problemResponse(
  error: unknown,
  occasion: Occasion = {},
  extra: Record<string, string> = {},
): Response {
  const known = error instanceof CairnError ? error : unexpected(error, occasion);
  const { code, message, facts } = known;
  const { status, title } = ERROR_CODES[code];
  const errors = facts.errors ? { errors: facts.errors } : {};
  const body = { type: `/docs#${code}`, title, status, detail: message, code, ...errors };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...headersOf(known),
      ...extra,
    },
  });
}

function headersOf({ code, status, facts }: CairnError): Record<string, string> {
  const headers: Record<string, string> = {};
  const wait = facts.retryAfterSeconds ?? (status === 503 ? 1 : undefined);
  if (wait !== undefined) headers["Retry-After"] = String(wait);
  const tellsVersion = status === 412 || code === "merge_conflict";
  if (tellsVersion && facts.version !== undefined) headers.ETag = `"${facts.version}"`;
  if (code === "unauthorized") headers["WWW-Authenticate"] = 'Bearer realm="cairn"';
  return headers;
}

function unexpected(error: unknown, { requestId, operationId }: Occasion): CairnError {
  const name = error instanceof Error ? error.name : typeof error;
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? { code } : {};
  console.error(
    JSON.stringify({ level: "error", event: "internal", requestId, operationId, name, ...known }),
  );
  return new CairnError("internal", "Something unexpected went wrong. The log has it under X-Request-Id.");
}

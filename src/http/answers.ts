import type { Page } from "../backends/types.ts";
import { fromHex } from "../frames/digest.ts";
import { toBase64 } from "../model/base64.ts";

type HeaderValues = Readonly<Record<string, string>>;

/** A JSON answer. */
export function json(status: number, body: unknown, headers: HeaderValues = {}): Response {
  return jsonText(status, JSON.stringify(body), headers);
}

/** A JSON answer whose text is at hand. */
export function jsonText(status: number, text: string, headers: HeaderValues = {}): Response {
  return new Response(text, {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
  });
}

/** 204. */
export function nothing(headers: HeaderValues = {}): Response {
  return new Response(null, { status: 204, headers });
}

/** What a list answers. */
export function page<T>({ data, cursor }: Page<T>): Response {
  return json(200, { data, cursor, hasMore: cursor !== null });
}

/** The header of an answer that was given before. */
export function replayed(write: { replayed: boolean }): HeaderValues {
  return write.replayed ? { "Idempotency-Replayed": "true" } : {};
}

/** One stored content, as it is served. */
export interface Stored {
  contentType: string;
  sha256: string;
  /** Quoted. */
  tag: string;
  /** RFC 3339. */
  at: string;
}

/**
 * The exact bytes that were saved. What tenants store must not run on the service's origin: it is sandboxed,
 * and its type is never guessed.
 */
export function content(
  stored: Stored,
  body: Uint8Array | ReadableStream<Uint8Array>,
  length: number,
  { status = 200, headers = {} }: { status?: number; headers?: HeaderValues } = {},
): Response {
  return new Response(body as Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>, {
    status,
    headers: {
      ...validators(stored),
      ...headers,
      "Content-Type": stored.contentType,
      "Content-Length": String(length),
      "Accept-Ranges": "bytes",
      "Cairn-Saved-At": stored.at,
      "Repr-Digest": `sha-256=:${toBase64(fromHex(stored.sha256)!)}:`,
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "default-src 'none'; sandbox",
    },
  });
}

/** Parts of a content, as JSON text. */
export function parts(stored: Stored, text: string): Response {
  return jsonText(200, text, { ...validators(stored), "X-Content-Type-Options": "nosniff" });
}

/** 304: the client has it. */
export function notModified(stored: Stored): Response {
  return new Response(null, { status: 304, headers: validators(stored) });
}

function validators({ tag, at }: Stored): Record<string, string> {
  return {
    ETag: tag,
    "Last-Modified": new Date(at).toUTCString(),
    // Caches may keep it but must ask: a state is never good for a while.
    "Cache-Control": "private, no-cache",
  };
}

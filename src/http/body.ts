import type { gunzip } from "node:zlib";
import { zlib } from "../frames/zlib.ts";
import { CairnError } from "../model/errors.ts";
import { malformed } from "./invalid.ts";

/** The largest body by default, bytes: 25 MiB, counted as it arrives and as it is decoded. */
export const DEFAULT_MAX_BODY_BYTES = 25 * 1024 * 1024;

/** How many times the limit of a refused body is still taken in, to be thrown away. */
const DISCARDED = 4;

type Unpack = "gunzip" | "inflate" | "brotliDecompress";

/** `deflate` is zlib's format (RFC 9110 §8.4.1.2), not a bare deflate stream. */
const CODINGS: ReadonlyMap<string, Unpack> = new Map([
  ["gzip", "gunzip"],
  ["x-gzip", "gunzip"],
  ["deflate", "inflate"],
  ["br", "brotliDecompress"],
]);

/**
 * The whole body of a request, decoded from its `Content-Encoding`. Never holds more than the limit.
 *
 * @throws CairnError `too_large`, `unsupported_media_type` (the coding), `malformed` (broken or cut off)
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const unpack = codingOf(request.headers.get("Content-Encoding"));
  if (lengthOf(request.headers) > maxBytes) throw tooLarge(maxBytes);
  const bytes = request.body ? await collect(request.body, maxBytes) : new Uint8Array();
  return unpack ? decode(unpack, bytes, maxBytes) : bytes;
}

/** What a body over the limit is answered with. */
export function tooLarge(maxBytes: number): CairnError {
  return new CairnError("too_large", `At most ${maxBytes} bytes are taken, as sent and as decoded.`);
}

function codingOf(name: string | null): Unpack | undefined {
  const coding = name?.trim().toLowerCase() || "identity";
  if (coding === "identity") return undefined;
  const unpack = CODINGS.get(coding);
  if (unpack) return unpack;
  throw new CairnError("unsupported_media_type", "Content-Encoding: one of gzip, deflate, br, identity.");
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (let chunk = await next(reader); chunk; chunk = await next(reader)) {
    size += chunk.length;
    if (size > maxBytes) {
      reader.releaseLock();
      throw tooLarge(maxBytes);
    }
    chunks.push(chunk);
  }
  return join(chunks, size);
}

/**
 * Takes in what is left of the body of a refused request, up to a few times the limit, and throws it away: most
 * clients look for an answer only after they have sent everything, and would see a broken connection instead.
 */
export async function discardBody({ body, headers }: Request, maxBytes: number): Promise<void> {
  let left = maxBytes * DISCARDED;
  if (!body || body.locked || lengthOf(headers) > left) return;
  const reader = body.getReader();
  const rest = () => next(reader).catch(() => undefined);
  for (let chunk = await rest(); chunk && left >= 0; chunk = await rest()) left -= chunk.length;
  // Not awaited: a client that goes on sending must not hold up the answer.
  reader.cancel().catch(() => {});
}

/** What is declared; 0 when it is not, or is no number. */
function lengthOf(headers: Headers): number {
  return Number(headers.get("Content-Length")) || 0;
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch {
    throw malformed("body", "ended before it was complete");
  }
}

function join(chunks: Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The output is bounded while it grows: 256 MiB of zeros are 203 bytes of brotli. */
async function decode(unpack: Unpack, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const convert = (await zlib())[unpack] as typeof gunzip;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const options = { maxOutputLength: Math.max(1, maxBytes), info: true };
  convert(bytes, options, (error, result) => {
    // With `info`, zlib answers its engine as well, which knows how much of the input it used.
    const { buffer, engine } = (result ?? {}) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    if (error) reject(isTooMuch(error) ? tooLarge(maxBytes) : broken());
    else if (engine.bytesWritten !== bytes.length) reject(broken());
    else resolve(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length));
  });
  return promise;
}

/** workerd has thrown this without a code. */
function isTooMuch(error: Error & { code?: string }): boolean {
  return error.code === "ERR_BUFFER_TOO_LARGE" || /larger than|limit exceeded/i.test(error.message);
}

function broken(): CairnError {
  return malformed("body", "is not what its Content-Encoding says");
}

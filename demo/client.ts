import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export interface Request {
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** From `/v1` on. */
  path: string;
  headers?: Record<string, string>;
  /** JSON text. */
  body?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** An answer that repeating will not change. */
export class Refused extends Error {
  readonly status: number;
  /** Cairn's stable code, such as `fence_lost`. */
  readonly code: string;
  readonly retryAfterSeconds: number;

  constructor({ method, path }: Request, { status, headers, text }: Answer) {
    super(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
    this.status = status;
    this.code = codeOf(text);
    this.retryAfterSeconds = retryAfter(headers) ?? 1;
  }
}

/** How long the service may be away before a caller gives up, and how long one answer may take. */
const patienceMs = 60_000;
const timeoutMs = 10_000;

export type Send = (request: Request) => Promise<Answer>;

/**
 * Everything that using Cairn needs: fetch, and sending again. Whoever got no answer cannot know whether a
 * write landed, so it is sent again under the same Idempotency-Key, which applies it once.
 *
 * @param base `http://host:port`
 * @returns rejects with Refused for any answer but 2xx
 */
export function createClient(base: string): Send {
  return async (request) => {
    const key = { "Idempotency-Key": randomUUID() };
    const end = Date.now() + patienceMs;
    for (let attempt = 0; ; attempt++) {
      const answer = await sendOnce(base, request, key);
      if (answer instanceof Error || isPassing(answer.status)) {
        if (Date.now() > end) throw answer instanceof Error ? answer : new Refused(request, answer);
        await sleep(pauseMs(answer, attempt));
      } else if (answer.status < 300) return answer;
      else throw new Refused(request, answer);
    }
  };
}

/** An error where there was no whole answer: refused, cut off, or too late. */
async function sendOnce(
  base: string,
  request: Request,
  key: Record<string, string>,
): Promise<Answer | Error> {
  const { method, path, body } = request;
  const headers = {
    ...(method === "GET" ? {} : key),
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...request.headers,
  };
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(base + path, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch (error) {
    return error as Error;
  }
}

function isPassing(status: number): boolean {
  return status === 429 || status === 503;
}

function pauseMs(answer: Answer | Error, attempt: number): number {
  const told = answer instanceof Error ? undefined : retryAfter(answer.headers);
  return told === undefined ? Math.min(500, 50 * 2 ** attempt) : told * 1000;
}

/** Seconds; undefined without the header. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get("Retry-After");
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function codeOf(text: string): string {
  try {
    return String(JSON.parse(text).code);
  } catch {
    return "";
  }
}

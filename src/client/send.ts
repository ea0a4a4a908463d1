import { CairnClientError, CairnHttpError, type Problem } from "./errors.ts";
import { pause } from "./pause.ts";

export interface Outgoing {
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Below the service's URL, with the query. */
  path: string;
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  /** The answer's body is not read: what comes of it, and when, is the caller's. */
  streamed?: boolean;
  signal?: AbortSignal | undefined;
}

/** A 2xx, and its whole body; where that is streamed, nothing of it was read. */
export interface Answer {
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

export type Send = (request: Outgoing) => Promise<Answer>;

export interface Connection {
  url: string;
  headers: Record<string, string>;
  fetch: typeof globalThis.fetch;
  timeoutSeconds: number;
}

/** How often a request is sent again. */
const REPETITIONS = 2;
/** Whoever is told to wait longer is told the caller. */
const LONGEST_WAIT_SECONDS = 30;
/** What a service or a gateway answers when the same request may go well a little later. */
const PASSING = [429, 502, 503, 504];

/**
 * Sends requests, and sends them again when no answer came or one that will pass: whoever changes something
 * gives an `Idempotency-Key`, so that it is done once.
 *
 * @returns rejects with CairnHttpError for any answer but 2xx, with CairnClientError `unreachable` or
 *   `timeout` when none came, with the signal's reason when it was aborted
 */
export function createSend(connection: Connection): Send {
  return async (request) => {
    for (let times = 0; ; times++) {
      try {
        return await exchange(connection, request);
      } catch (error) {
        const wait = times < REPETITIONS ? waitSeconds(error, times) : null;
        if (wait === null) throw error;
        await pause(wait, request.signal);
      }
    }
  };
}

async function exchange({ url, headers, fetch, timeoutSeconds }: Connection, request: Outgoing) {
  const { method, path, body, signal, streamed } = request;
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutSeconds * 1000);
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...request.headers },
      // "error" is not known to workerd; a redirect comes back as the answer, and is none.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
      ...(body && { body }),
    });
    const isLeft = streamed && response.ok;
    const bytes = new Uint8Array(isLeft ? [] : await response.arrayBuffer());
    if (!response.ok) throw refusal(response, bytes);
    return { headers: response.headers, bytes, stream: response.body };
  } catch (cause) {
    if (cause instanceof CairnClientError) throw cause;
    signal?.throwIfAborted();
    if (!deadline.signal.aborted)
      throw new CairnClientError("unreachable", `${method} got no answer.`, { cause });
    throw new CairnClientError("timeout", `${method} got no answer in ${timeoutSeconds} s.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function refusal({ status, headers }: Response, bytes: Uint8Array): CairnHttpError {
  return new CairnHttpError(status, readProblem(bytes), {
    version: versionOf(headers),
    retryAfterSeconds: retryAfterOf(headers),
  });
}

/** Who answers may be no Cairn at all: a gateway, another server. Then the code is `bad_answer`. */
function readProblem(bytes: Uint8Array): Problem {
  try {
    const { code, detail, errors } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof code === "string") {
      return { code, detail: String(detail), errors: Array.isArray(errors) ? errors : [] };
    }
  } catch {}
  return { code: "bad_answer", detail: "The answer is not one of Cairn's.", errors: [] };
}

/** @throws CairnClientError `bad_answer` */
export function readJson({ bytes }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new CairnClientError("bad_answer", "The answer is not one of Cairn's.", { cause });
  }
}

/** With its question mark; of a list all items, of an object its members as `name.key`. */
export function queryOf(given: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (Array.isArray(value)) for (const each of value) query.append(name, each);
    else if (typeof value === "object") for (const key in value) query.set(`${name}.${key}`, value[key]);
    else if (value !== undefined) query.set(name, value);
  }
  const text = String(query);
  return text && `?${text}`;
}

/** The path of a pipeline's state. */
export function statePath(pipelineId: string): string {
  return `/v1/pipelines/${pipelineId}/state`;
}

/** The version in an `ETag`, which a gateway may have made weak; null without one. */
export function versionOf(headers: Headers): number | null {
  const [, version] = /^(?:W\/)?"(\d+)"$/.exec(headers.get("ETag") ?? "") ?? [];
  return version === undefined ? null : Number(version);
}

function retryAfterOf(headers: Headers): number | null {
  const text = headers.get("Retry-After") ?? "";
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** How long to wait before a request is sent again: with jitter, for others failed at the same moment. Null: not. */
function waitSeconds(error: unknown, times: number): number | null {
  if (!(error instanceof CairnClientError)) return null;
  const backoff = 0.1 * 4 ** times * (0.5 + Math.random());
  if (!(error instanceof CairnHttpError)) return backoff;
  const { status, code, retryAfterSeconds } = error;
  if (!PASSING.includes(status) && code !== "idempotency_in_flight") return null;
  const told = retryAfterSeconds ?? 0;
  return told > LONGEST_WAIT_SECONDS ? null : told + backoff;
}

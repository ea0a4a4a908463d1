import { CairnClientError, CairnHttpError, type Problem } from "./errors.ts";
import { pause } from "./pause.ts";

export interface Outgoing {
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Below the service's URL, with the query. */
  path: string;
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  signal?: AbortSignal | undefined;
}

/** A 2xx, and its whole body. */
export interface Answer {
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
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
  const { method, path, body, signal } = request;
  signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...request.headers },
      // "error" is not known to workerd; a redirect comes back as the answer, and is none.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      ...(body === undefined ? {} : { body }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw refusal(response, bytes);
    return { headers: response.headers, bytes };
  } catch (cause) {
    if (cause instanceof CairnClientError) throw cause;
    signal?.throwIfAborted();
    if (!deadline.aborted) throw new CairnClientError("unreachable", `${method} got no answer.`, { cause });
    throw new CairnClientError("timeout", `${method} got no answer in ${timeoutSeconds} s.`, { cause });
  }
}

function refusal({ status, headers }: Response, bytes: Uint8Array): CairnHttpError {
  return new CairnHttpError(status, readProblem(bytes), {
    version: status === 412 ? versionOf(headers) : null,
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
    throw new CairnClientError("bad_answer", "The answer is not the JSON of a Cairn service.", { cause });
  }
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

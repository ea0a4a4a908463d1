import { Cairn } from "../client/cairn.ts";
import { type Answer, type Outgoing, readJson } from "../client/send.ts";
import { CairnError } from "../model/errors.ts";
import { cairnErrorOf } from "../verbs/errors.ts";
import { UsageError } from "./command.ts";

/** Where a service is, and the key for it: options of every command that calls one. */
export const SERVICE_OPTIONS = {
  url: { type: "string", default: process.env.CAIRN_URL ?? "" },
  "api-key": { type: "string", default: process.env.CAIRN_API_KEY ?? "" },
} as const;

export const SERVICE_HELP = `  --url        https://… of the service; default: CAIRN_URL
  --api-key    default: CAIRN_API_KEY, which other users of this machine do not see; none for a service on this
               machine that has no keys`;

const TIMEOUT_SECONDS = 120;

/** A service that is called. Everything it rejects with is a CairnError, or UsageError for the options. */
export interface ServiceCalls {
  /** The answer's JSON; `{}` where there is none. Sent again when no answer comes, and done once. */
  call<T = Record<string, unknown>>(
    method: Outgoing["method"],
    path: string,
    more?: Partial<Outgoing>,
  ): Promise<T>;
  /** An answer whose body is not read yet. */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
}

/** @throws UsageError */
export function clientAt({ url, "api-key": key }: { url: string; "api-key": string }): Cairn {
  if (url === "") throw new UsageError("which service? Give --url, or set CAIRN_URL.");
  try {
    return new Cairn({ url, apiKey: key === "" ? undefined : key, timeoutSeconds: TIMEOUT_SECONDS });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError */
export function serviceAt(place: { url: string; "api-key": string }): ServiceCalls {
  const cairn = clientAt(place);
  return {
    async call<T>(
      method: Outgoing["method"],
      path: string,
      { headers = {}, ...rest }: Partial<Outgoing> = {},
    ) {
      const key = { "Idempotency-Key": crypto.randomUUID() };
      const request = { method, path, headers: { ...key, ...headers }, ...rest };
      return objectOf(await cairn.request(request).catch(asCairnError)) as T;
    },
    async stream(path) {
      const request = { method: "GET", path, headers: {}, streamed: true } as const;
      return (await cairn.request(request).catch(asCairnError)).stream!;
    },
  };
}

/** A body, for `call`; members that are undefined are left out. */
export function json(value: object, headers: Record<string, string> = {}) {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { headers: { "Content-Type": "application/json", ...headers }, body };
}

function objectOf(answer: Answer): unknown {
  return answer.bytes.length === 0 ? {} : readJson(answer);
}

/** What the client throws, as the commands do. @throws CairnError */
export function asCairnError(thrown: unknown): never {
  const error = cairnErrorOf(thrown);
  if (!(error instanceof CairnError)) throw error;
  const places = (error.facts.errors ?? []).map(({ pointer, message }) => `\n  ${pointer}: ${message}`);
  throw new CairnError(error.code, error.message + places.join(""), error.facts);
}

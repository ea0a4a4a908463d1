import type { NeonQueryFunction } from "@neondatabase/serverless";
import { failureOf, once, type Row, type Runner, StoreFailure } from "./runner.ts";

export interface NeonOptions {
  /** `postgres://user:password@host/database`, the pooled one or the direct one. */
  url: string;
  /** Where statements are posted to. @default what Neon derives from the host */
  endpoint?: string;
  /** How long a call may take. @default 30 */
  timeoutSeconds?: number;
}

type Sql = NeonQueryFunction<false, false>;
type Endpoint = (host: string, port: number | string, options?: { jwtAuth?: boolean }) => string;

/** The client knows one endpoint for all: ours are told apart by host and port. */
const endpoints = new Map<string, string>();
let usual: Endpoint | null = null;

/**
 * Neon over HTTP: one request a statement, sent once. Its limit is 64 MB a request and an answer; base64 adds a
 * third.
 */
export function neonRunner({ url, endpoint, timeoutSeconds = 30 }: NeonOptions): Runner {
  const client = once(
    () => openClient(url, endpoint),
    async () => {},
  );
  return {
    maxFrameBytes: 32 * 1024 ** 2,
    async query(sql, params) {
      const run = await client.get();
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      try {
        return (await run.query(sql, [...params], { fetchOptions: { signal } })) as Row[];
      } catch (error) {
        throw neonFailure(error);
      }
    },
    close: client.close,
  };
}

async function openClient(url: string, endpoint: string | undefined): Promise<Sql> {
  const { neon, neonConfig } = await import("@neondatabase/serverless");
  if (endpoint !== undefined) {
    // As the client reads it, for which it is an http URL.
    const { hostname, port } = new URL(url.replace(/^[a-z]+:/, "http:"));
    endpoints.set(`${hostname}:${port}`, endpoint);
    if (usual === null) {
      const before = neonConfig.fetchEndpoint;
      usual = typeof before === "string" ? () => before : before;
      neonConfig.fetchEndpoint = (host, at, options) =>
        endpoints.get(`${host}:${at}`) ?? usual!(host, at, options);
    }
  }
  return neon(url, { disableWarningInBrowsers: true });
}

/** The front refused the request as it came; but 408 and 499 say that somebody waited. */
const TURNED_AWAY = /^4(?!08|99)/;

/** What failed before HTTP answered is in `sourceError`; a status other than 400 is in the message only. */
function neonFailure(error: unknown): StoreFailure {
  const { sourceError, message } = error as { sourceError?: Error; message?: string };
  if (sourceError) return failureOf(sourceError.cause ?? sourceError, true);
  const status = /^Server error \(HTTP status (\d{3})\)/.exec(message ?? "")?.[1];
  const what = `The HTTP front of Postgres answered ${status}`;
  if (status) return new StoreFailure(TURNED_AWAY.test(status) ? "none" : "unknown", null, what);
  return failureOf(error, true);
}

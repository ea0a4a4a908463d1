import { failureOf, once, type Row, type Runner, StoreFailure } from "./runner.ts";

export interface NeonOptions {
  /** `postgres://user:password@host/database`, the pooled one or the direct one. */
  url: string;
  /** Where statements are posted to. @default what Neon derives from the host */
  endpoint?: string;
  /** How long a call may take. @default 30 */
  timeoutSeconds?: number;
}

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
      const send = await client.get();
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      try {
        return await send(sql, [...params], signal);
      } catch (error) {
        throw neonFailure(error);
      }
    },
    close: client.close,
  };
}

type Send = (sql: string, params: (string | null)[], signal: AbortSignal) => Promise<Row[]>;

/**
 * The client knows one endpoint for all of the process. It reads it while a call begins, before anything else can
 * run: so ours is there for that moment only, and neither other runners nor the client's other users see it.
 */
async function openClient(url: string, endpoint: string | undefined): Promise<Send> {
  const { neon, neonConfig } = await import("@neondatabase/serverless");
  const sql = neon(url, { disableWarningInBrowsers: true });
  return (text, params, signal) => {
    const before = neonConfig.fetchEndpoint;
    if (endpoint !== undefined) neonConfig.fetchEndpoint = endpoint;
    try {
      // A query begins when somebody waits for it.
      return sql.query(text, params, { fetchOptions: { signal } }).then((rows) => rows as Row[]);
    } finally {
      neonConfig.fetchEndpoint = before;
    }
  };
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

import { CairnClientError, CairnHttpError } from "../client/errors.ts";
import { type Answer, createSend, type Outgoing, readJson } from "../client/send.ts";
import { CairnError, ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import { UsageError } from "./command.ts";

/** Where a service is, and the key for it: options of every command that calls one. */
export const SERVICE_OPTIONS = {
  url: { type: "string", default: process.env.CAIRN_URL ?? "" },
  key: { type: "string", default: process.env.CAIRN_API_KEY ?? "" },
} as const;

export const SERVICE_HELP = `  --url        https://… of the service; default: CAIRN_URL
  --key        an API key; default: CAIRN_API_KEY; none for a service on this machine that has no keys`;

const TIMEOUT_SECONDS = 120;

/** A service that is called. Everything it rejects with is a CairnError, or UsageError for the options. */
export interface ServiceCalls {
  /** The answer's JSON; `{}` where there is none. Sent again when no answer comes, and done once. */
  call(method: Outgoing["method"], path: string, more?: Partial<Outgoing>): Promise<Record<string, unknown>>;
  /** An answer whose body is not read yet. */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
}

/** @throws UsageError */
export function serviceAt({ url: text, key }: { url: string; key: string }): ServiceCalls {
  if (text === "") throw new UsageError("which service? Give --url, or set CAIRN_URL.");
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError("--url is http://… or https://…");
  if (!/^[!-~]*$/.test(key)) throw new UsageError("--key may only have printable ASCII characters.");
  const url = new URL(text).href.replace(/\/+$/, "");
  const headers: Record<string, string> = key === "" ? {} : { Authorization: `Bearer ${key}` };
  const send = createSend({ url, headers, fetch, timeoutSeconds: TIMEOUT_SECONDS });
  return {
    async call(method, path, { headers: more = {}, ...rest } = {}) {
      const request = { method, path, headers: { "Idempotency-Key": crypto.randomUUID(), ...more }, ...rest };
      return objectOf(await send(request).catch(asCairnError));
    },
    async stream(path) {
      const response = await fetch(url + path, { headers, redirect: "manual" }).catch(() => null);
      if (!response) throw new CairnError("backend_unavailable", "The service did not answer.");
      if (response.ok && response.body) return response.body;
      const { code, detail } = (await response.json().catch(() => ({}))) as {
        code?: string;
        detail?: string;
      };
      throw new CairnError(codeOf(code), detail ?? `It answered ${response.status}, and is no Cairn.`);
    },
  };
}

function objectOf(answer: Answer): Record<string, unknown> {
  return answer.bytes.length === 0 ? {} : (readJson(answer) as Record<string, unknown>);
}

function asCairnError(error: unknown): never {
  if (error instanceof CairnHttpError) throw new CairnError(codeOf(error.code), error.detail);
  if (error instanceof CairnClientError) throw new CairnError("backend_unavailable", error.message);
  throw error;
}

function codeOf(code: string | undefined): ErrorCode {
  return code !== undefined && code in ERROR_CODES ? (code as ErrorCode) : "internal";
}

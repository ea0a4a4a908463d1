import { type WriteOptions, writeHeaders } from "../options.ts";
import { type Outgoing, queryOf, readJson, type Send } from "../send.ts";

/** What calls are made of: a pipeline, or the service. */
export interface Target {
  send: Send;
  /** What the paths of its calls begin with. */
  path: string;
}

/** Asks for JSON. The options but for the signal are its query. */
export async function read<T>(on: Target, path: string, options: object = {}): Promise<T> {
  const { signal, ...query } = options as Pick<WriteOptions, "signal">;
  const request = { method: "GET", path: on.path + path + queryOf(query), headers: {}, signal } as const;
  return readJson(await on.send(request)) as T;
}

/**
 * A write, sent again when no answer comes, and done once. The options but for those of headers are the fields of its
 * body.
 *
 * @param content the body, where it is none of fields
 * @returns undefined where the answer has no body
 */
export async function write<T>(
  on: Target,
  method: Outgoing["method"],
  path: string,
  options: object = {},
  more: Record<string, string> = {},
  content?: object,
): Promise<T> {
  const { fence, idempotencyKey, ifNoneMatch, signal, ...fields } = options as WriteOptions & {
    ifNoneMatch?: string;
  };
  const headers = {
    ...writeHeaders({ fence, idempotencyKey }),
    ...(ifNoneMatch && { "If-None-Match": ifNoneMatch }),
    "Content-Type": "application/json",
    ...more,
  };
  const body = new TextEncoder().encode(JSON.stringify(content ?? fields));
  const request = { method, path: on.path + path, headers, signal };
  const answer = await on.send(method === "DELETE" ? request : { ...request, body });
  return (answer.bytes.length > 0 ? readJson(answer) : undefined) as T;
}

import { once } from "node:events";
import type { Writable } from "node:stream";
import { CairnError } from "../model/errors.ts";
import type { StandsStill } from "./drain.ts";
import { unservable } from "./unservable.ts";

/** What a Function URL hands its function, payload format 2.0: the fields that are read. */
export interface UrlEvent {
  /** Still percent-encoded. API Gateway's HTTP APIs decode it, and so hide what a path was. */
  rawPath: string;
  rawQueryString: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  isBase64Encoded: boolean;
  requestContext: { domainName: string; http: { method: string } };
}

/** What the runtime gives a handler that streams. */
export type AnswerStream = Writable & { setContentType(type: string): void };

type StreamingHandler = (event: UrlEvent, stream: AnswerStream) => Promise<void>;

/** What Lambda's runtime for Node defines before it loads a function. */
declare const awslambda: {
  streamifyResponse(handler: StreamingHandler): StreamingHandler;
  HttpResponseStream: { from(stream: AnswerStream, head: AnswerHead): AnswerStream };
};

interface AnswerHead {
  statusCode: number;
  headers: Record<string, string>;
}

/**
 * A handler for a Function URL whose invoke mode is RESPONSE_STREAM: answers go out as bytes, of any type, and may
 * be larger than the 6 MB of a buffered one. Its caller has the whole answer when the stream ends; the container stands
 * still only when the handler has ended, so what is left to be done is done in between.
 */
export function urlHandler(
  fetch: (request: Request, runtime: StandsStill) => Promise<Response>,
): StreamingHandler {
  return awslambda.streamifyResponse(async (event, stream) => {
    const request = requestOf(event);
    const left: (() => Promise<unknown>)[] = [];
    try {
      const afterwards: StandsStill["afterwards"] = (work) => void left.push(work);
      await send(request ? await fetch(request, { afterwards }) : unservable(), stream);
    } finally {
      await Promise.all(left.map((work) => work()));
    }
  });
}

/** Null for what no `Request` can be. */
function requestOf({ rawPath, rawQueryString, requestContext, ...event }: UrlEvent): Request | null {
  const { method } = requestContext.http;
  const query = rawQueryString === "" ? "" : `?${rawQueryString}`;
  const url = `https://${requestContext.domainName}${rawPath}${query}`;
  try {
    return new Request(url, { method, headers: headersOf(event), ...bodyOf(method, event) });
  } catch {
    return null;
  }
}

function headersOf({ headers }: Pick<UrlEvent, "headers">): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, asBytes(value)]));
}

/** As a server has it, one character a byte: `Headers` takes no others. */
function asBytes(value: string): string {
  return Buffer.from(value).toString("latin1");
}

function bodyOf(method: string, { body, isBase64Encoded }: Pick<UrlEvent, "body" | "isBase64Encoded">) {
  if (body === undefined || method === "GET" || method === "HEAD") return {};
  return { body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") };
}

/** @throws Error when the body breaks off: then the runtime ends the answer as one that is not whole, and logs that */
async function send(response: Response, stream: AnswerStream): Promise<void> {
  const headers = Object.fromEntries(response.headers);
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: response.status, headers });
  // Status and headers go with the first write, and there are answers without a body.
  out.write("");
  try {
    for await (const chunk of response.body ?? []) {
      if (!out.write(chunk)) await once(out, "drain");
    }
  } catch (error) {
    throw new Error(`The answer broke off: ${error instanceof CairnError ? error.code : "internal"}.`);
  }
  out.end();
}

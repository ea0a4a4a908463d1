import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { UrlEvent } from "../../../src/http/lambda.ts";
import { type Container, type FunctionOptions, type Invoked, startContainer } from "./container.ts";

/** The most that Lambda takes as an event, bytes of its JSON. */
export const LARGEST_EVENT = 6_291_456;
const MOST_CONTAINERS = 3;
/** Between the head of a streamed answer, JSON, and its body. */
const DELIMITER = Buffer.alloc(8);

export interface FunctionUrl {
  url: string;
  /** Those that were started so far. */
  containers(): Promise<Container[]>;
  stop(): Promise<void>;
}

/** A Function URL whose invoke mode is RESPONSE_STREAM: events of payload 2.0, one container for each request at once. */
export async function startFunctionUrl(options: FunctionOptions): Promise<FunctionUrl> {
  const containers: Promise<Container>[] = [];
  const idle: Container[] = [];
  const queue: ((container: Container) => void)[] = [];

  async function take(): Promise<Container> {
    const free = idle.pop();
    if (free) return free;
    if (containers.length >= MOST_CONTAINERS) return new Promise((resolve) => queue.push(resolve));
    const started = startContainer(options);
    containers.push(started);
    return started;
  }

  function give(container: Container): void {
    const next = queue.shift();
    if (next) next(container);
    else idle.push(container);
  }

  const server = createServer(async (message, response) => {
    const event = await eventOf(message);
    if (Buffer.byteLength(JSON.stringify(event)) > LARGEST_EVENT)
      return refuse(response, 413, "Request Entity Too Large");
    const container = await take();
    try {
      await pass(await container.invoke(event), response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      console.error(error);
      refuse(response, 502, "Internal Server Error");
    } finally {
      give(container);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    containers: () => Promise.all(containers),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const container of await Promise.all(containers)) await container.stop();
    },
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(JSON.stringify({ Message: message }));
}

/** Names in lower case, values that came twice joined; the URL as it was sent; a body that is no text in base64. */
async function eventOf(message: IncomingMessage): Promise<UrlEvent & { version: "2.0" }> {
  const [rawPath, ...query] = message.url!.split("?");
  const headers = Object.fromEntries(
    Object.entries(message.headersDistinct).map(([name, values]) => [
      name,
      Buffer.from(values!.join(","), "latin1").toString(),
    ]),
  );
  const bytes = await buffer(message);
  const isText = isTextual(headers) && bytes.equals(Buffer.from(bytes.toString()));
  return {
    version: "2.0",
    rawPath: rawPath!,
    rawQueryString: query.join("?"),
    headers: { ...headers, host: DOMAIN },
    requestContext: { domainName: DOMAIN, http: { method: message.method! } },
    ...(bytes.length > 0 && { body: bytes.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: bytes.length > 0 && !isText,
  };
}

const DOMAIN = "0123456789abcdef.lambda-url.eu-test-1.on.aws";

function isTextual(headers: Record<string, string>): boolean {
  if (headers["content-encoding"] !== undefined) return false;
  return /^(text\/|application\/(json|javascript|xml)\b)/.test(headers["content-type"] ?? "");
}

/** Sends a streamed answer on as it comes: its head, then its bytes. */
async function pass({ contentType, body, done }: Invoked, response: ServerResponse): Promise<void> {
  if (contentType !== "application/vnd.awslambda.http-integration-response")
    throw new Error(`not a streamed answer: ${contentType}`);
  let head = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (response.headersSent) {
      response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const at = head.indexOf(DELIMITER);
    if (at < 0) continue;
    const { statusCode, headers } = JSON.parse(head.subarray(0, at).toString());
    response.writeHead(statusCode, headers);
    response.flushHeaders();
    response.write(head.subarray(at + DELIMITER.length));
  }
  done();
  if (body.trailers["lambda-runtime-function-error-type"]) throw new Error("The answer broke off.");
  response.end();
}

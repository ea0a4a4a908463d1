import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { unservable } from "./unservable.ts";

interface App {
  fetch(request: Request): Response | Promise<Response>;
}

export interface HttpServer {
  port: number;
  /** Takes no more requests; resolves when those that had begun are answered. */
  drain(): Promise<void>;
  /** Breaks off what is not answered. */
  stop(): Promise<void>;
}

/** An app on an address, by default a free port of 127.0.0.1; bodies streamed both ways. */
export async function serveHttp(app: App, { host = "127.0.0.1", port = 0 } = {}): Promise<HttpServer> {
  const server = createServer(async (message, response) => {
    const answer = await answerOf(app, message);
    response.writeHead(answer.status, [...answer.headers].flat());
    if (!answer.body) return void response.end();
    // A caller that goes away in the middle of an answer is its own affair.
    await pipeline(Readable.fromWeb(answer.body as NodeStream), response).catch(() => {});
  });
  server.listen(port, host);
  await once(server, "listening");
  const drain = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    drain,
    async stop() {
      server.closeAllConnections();
      await drain();
    },
  };
}

async function answerOf(app: App, message: IncomingMessage): Promise<Response> {
  let request: Request;
  try {
    request = requestOf(message);
  } catch {
    return unservable();
  }
  return app.fetch(request);
}

function requestOf(message: IncomingMessage): Request {
  const { method = "GET", headersDistinct, url } = message;
  const headers = new Headers(
    Object.entries(headersDistinct).map(([name, values]) => [name, values!.join(", ")]),
  );
  const body = method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(message), duplex: "half" };
  return new Request(`http://${headers.get("host")}${url}`, { method, headers, ...body } as RequestInit);
}

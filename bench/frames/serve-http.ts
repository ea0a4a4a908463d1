import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";

interface App {
  fetch(request: Request): Response | Promise<Response>;
}

export interface HttpServer {
  port: number;
  stop(): Promise<void>;
}

/** An app on a free port of 127.0.0.1, bodies streamed both ways. */
export async function serveHttp(app: App): Promise<HttpServer> {
  const server = createServer(async (message, response) => {
    const answer = await app.fetch(requestOf(message));
    response.writeHead(answer.status, [...answer.headers].flat());
    if (!answer.body) return void response.end();
    // A caller that goes away in the middle of an answer is its own affair.
    await pipeline(Readable.fromWeb(answer.body as NodeStream), response).catch(() => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function requestOf(message: IncomingMessage): Request {
  const { method = "GET", headersDistinct, url } = message;
  const headers = new Headers(
    Object.entries(headersDistinct).map(([name, values]) => [name, values!.join(", ")]),
  );
  const body = method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(message), duplex: "half" };
  return new Request(`http://${headers.get("host")}${url}`, { method, headers, ...body } as RequestInit);
}

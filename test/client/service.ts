import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { Cairn, type CairnOptions } from "../../src/client/index.ts";
import { createApp } from "../../src/http/app.ts";
import { createCore } from "../../src/state/core.ts";

/** A request as it came over the wire. */
export interface Seen {
  method: string;
  path: string;
  headers: Headers;
  /** Of the body, as sent. */
  bytes: number;
}

export interface Service {
  url: string;
  port: number;
  seen: Seen[];
  /** Answers instead of the service, while it is set and answers at all. */
  instead: ((seen: Seen) => Response | undefined) | null;
  client(options?: Partial<CairnOptions>): Cairn;
}

/** A whole service over memory, without keys, on a real socket until the test is over. */
export async function startService(): Promise<Service & { stop(): void }> {
  const service = await serveApp(createApp({ core: createCore({ backend: memoryBackend() }), keys: null }));
  onTestFinished(service.stop);
  return service;
}

/** A service on a real socket. */
export async function serveApp(app: ReturnType<typeof createApp>): Promise<Service & { stop(): void }> {
  const server = createServer(async (message, response) => {
    const request = await requestOf(message);
    const seen = seenOf(request, (await request.clone().arrayBuffer()).byteLength);
    service.seen.push(seen);
    const answer = service.instead?.(seen) ?? (await app.fetch(request));
    response.writeHead(answer.status, [...answer.headers].flat());
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const service = {
    url,
    port,
    seen: [] as Seen[],
    instead: null as Service["instead"],
    client: (options: Partial<CairnOptions> = {}) => new Cairn({ url, ...options }),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return service;
}

async function requestOf(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  return new Request(`http://${message.headers.host}${message.url}`, {
    method: message.method!,
    headers,
    ...(body.length > 0 ? { body } : {}),
  });
}

function seenOf({ method, url, headers }: Request, bytes: number): Seen {
  const { pathname, search } = new URL(url);
  return { method, path: pathname + search, headers, bytes };
}

/** A problem as the service words it. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = { type: `/docs#${code}`, title: code, status, detail: `It is ${code}.`, code };
  return Response.json(body, {
    status,
    headers: { ...headers, "Content-Type": "application/problem+json" },
  });
}

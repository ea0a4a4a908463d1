import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createClient, RESP_TYPES } from "@redis/client";

export interface UpstashOptions {
  /** Larger requests are refused, as a plan's limit does. */
  maxRequestBytes?: number;
  /** Commands that are refused, in upper case. */
  refuse?: readonly string[];
}

export interface UpstashServer {
  readonly url: string;
  readonly token: string;
  readonly port: number;
  /** Requests taken so far, and the largest of them, bytes. */
  readonly seen: { requests: number; largest: number };
  /** When set, every request, or each that matches, is done, and answered with this instead. */
  fault: { status: number; body: string; match?: (request: string) => boolean } | null;
  stop(): Promise<void>;
}

/** Upstash's REST protocol in front of a Redis: `/`, `/pipeline`, `/multi-exec`. */
export async function startUpstash(
  redisUrl: string,
  token: string,
  options: UpstashOptions = {},
): Promise<UpstashServer> {
  const client = createClient({
    url: redisUrl,
    RESP: 2,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  client.on("error", () => {});
  await client.connect();
  const seen = { requests: 0, largest: 0 };
  const { maxRequestBytes = Number.POSITIVE_INFINITY, refuse = [] } = options;

  async function run(command: unknown[]): Promise<unknown> {
    const args = command.map(String);
    if (refuse.includes(args[0]!.toUpperCase())) throw new Error(`ERR unknown command '${args[0]}'`);
    return client.sendCommand(args);
  }

  async function execute(path: string, body: unknown): Promise<{ status: number; answer: unknown }> {
    if (path === "/") return { status: 200, answer: { result: await run(body as unknown[]) } };
    const commands = body as unknown[][];
    if (path === "/pipeline") {
      const results = await Promise.all(
        commands.map((each) =>
          run(each).then(
            (result) => ({ result }),
            (error: Error) => ({ error: error.message }),
          ),
        ),
      );
      return { status: 200, answer: results };
    }
    if (path !== "/multi-exec") return { status: 404, answer: { error: "ERR unknown path" } };
    const all = [["MULTI"], ...commands, ["EXEC"]].map((each) => client.sendCommand(each.map(String)));
    const results = (await Promise.all(all)).at(-1) as unknown as unknown[];
    return { status: 200, answer: results.map((result) => ({ result })) };
  }

  async function handle(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; answer: unknown }> {
    seen.requests++;
    seen.largest = Math.max(seen.largest, body.length);
    if (request.headers.authorization !== `Bearer ${token}`)
      return { status: 401, answer: { error: "WRONGPASS invalid or missing auth token" } };
    if (body.length > maxRequestBytes) {
      const error = `ERR max request size exceeded. Limit: ${maxRequestBytes} bytes, Actual: ${body.length} bytes`;
      return { status: 400, answer: { error } };
    }
    try {
      return await execute(request.url ?? "/", JSON.parse(body.toString("utf8")));
    } catch (error) {
      return { status: 400, answer: { error: (error as Error).message } };
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encode = request.headers["upstash-encoding"] === "base64" ? "base64" : "utf8";
    const body = await read(request);
    const { fault } = upstash;
    const instead = fault?.match && !fault.match(body.toString("latin1")) ? null : fault;
    const { status, answer } = await handle(request, body);
    response.writeHead(instead?.status ?? status, { "Content-Type": "application/json" });
    response.end(instead?.body ?? JSON.stringify(plain(answer, encode)));
  }

  const server = createServer((request, response) => {
    // A request that breaks off was not made.
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const upstash: UpstashServer = {
    url: `http://127.0.0.1:${port}`,
    ...{ port, token, seen, fault: null },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      client.destroy();
    },
  };
  return upstash;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Bulk strings become text or base64; `OK`, errors and integers stay. */
function plain(answer: unknown, encoding: "base64" | "utf8"): unknown {
  if (Buffer.isBuffer(answer)) return answer.toString(encoding);
  if (Array.isArray(answer)) return answer.map((each) => plain(each, encoding));
  if (answer === null || typeof answer !== "object") return answer;
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, plain(value, encoding)]));
}

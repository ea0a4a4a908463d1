import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Receiver {
  readonly origin: string;
  readonly port: number;
  readonly received: Received[];
  /** What it has sent of bodies without an end, bytes. */
  readonly sent: number;
  stop(): Promise<void>;
}

export interface Identity {
  key: string;
  cert: string;
}

/** A certificate signed by itself, for 127.0.0.1 and one name. */
export function selfSigned(name: string): Identity {
  const folder = mkdtempSync(join(tmpdir(), "cairn-tls-"));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name},IP:127.0.0.1`];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...made, ...subject, "-keyout", key, "-out", cert], {
    stdio: "pipe",
  });
  const identity = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  rmSync(folder, { recursive: true });
  return identity;
}

/**
 * A receiver of webhooks on 127.0.0.1 that does what the path says: a status, `/to?<url>` (a redirect), `/hang`,
 * `/reset`, `/stall` (200, then nothing), `/drip` (200, then a byte at a time), `/huge` (200, then without an end),
 * `/cut` (200, then a broken connection), `/wait?<seconds>` (a `Retry-After` with 503).
 */
export async function startReceiver(identity?: Identity): Promise<Receiver> {
  const received: Received[] = [];
  const state = { sent: 0 };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url = "", headers } = request;
    const body = await text(request);
    received.push({ method, path: url, headers: headers as Record<string, string>, body });
    answer(url, response, (bytes) => {
      state.sent += bytes;
    });
  };
  const server = identity ? createTlsServer(identity, handle) : createServer(handle);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${identity ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    received,
    get sent() {
      return state.sent;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function answer(url: string, response: ServerResponse, count: (bytes: number) => void): void {
  const [path = "", argument = ""] = url.split("?");
  const open = () => response.writeHead(200, { "content-type": "text/plain" }).flushHeaders();
  switch (path) {
    case "/hang":
      return;
    case "/reset":
      response.socket?.resetAndDestroy();
      return;
    case "/to":
      response.writeHead(307, { location: decodeURIComponent(argument) }).end();
      return;
    case "/wait":
      response.writeHead(503, { "retry-after": decodeURIComponent(argument) }).end();
      return;
    case "/stall":
      open();
      return;
    case "/cut":
      open();
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
      return;
    case "/drip":
      open();
      sendForever(response, 1, 20, count);
      return;
    case "/huge":
      open();
      sendForever(response, 16_384, 1, count);
      return;
    default:
      response.writeHead(Number(path.slice(1)), { "content-type": "text/plain" }).end("heard");
  }
}

function sendForever(response: ServerResponse, bytes: number, pauseMs: number, count: (n: number) => void) {
  const timer = setInterval(() => {
    count(bytes);
    response.write("x".repeat(bytes));
  }, pauseMs);
  response.on("close", () => clearInterval(timer));
  response.on("error", () => {});
}

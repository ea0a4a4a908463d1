import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** What an owner is told: a signed message that its pipeline was interrupted. */
export interface Call {
  pipelineId: string;
  /** Epoch milliseconds. */
  at: number;
  messageId: string;
}

/** Where wake-ups go: an HTTP endpoint that checks the signature, as any owner would run one. */
export interface Endpoint {
  origin: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An endpoint on loopback. It takes a port, and answers nothing on it until it is opened.
 *
 * @param secret `whsec_…`
 */
export async function endpoint(secret: string, onCall: (call: Call) => void): Promise<Endpoint> {
  const webhook = new Webhook(secret);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const headers = request.headers as Record<string, string>;
      try {
        const { data } = webhook.verify(body, headers) as { data: { pipelineId: string } };
        response.writeHead(204).end();
        onCall({ pipelineId: data.pipelineId, at: Date.now(), messageId: headers["webhook-id"]! });
      } catch {
        response.writeHead(401).end();
      }
    });
  });
  const port = await listen(server, 0);
  await closed(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    open: async () => void (await listen(server, port)),
    close: () => closed(server),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

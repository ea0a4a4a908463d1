import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** The receiver of all webhooks of a bench: it says yes. */
export interface Owners {
  readonly origin: string;
  /** By pipeline: the ids of the messages that told of it. */
  readonly told: ReadonlyMap<string, ReadonlySet<string>>;
  /** Messages, those that came again among them. */
  readonly messages: number;
  stop(): Promise<void>;
}

export async function startOwners(): Promise<Owners> {
  const told = new Map<string, Set<string>>();
  let messages = 0;
  const server = createServer(async (request, response) => {
    // A process that is killed in the middle of a message leaves half of it.
    const body = await text(request).catch(() => null);
    if (body === null) return;
    const { pipelineId } = JSON.parse(body).data;
    told.set(pipelineId, (told.get(pipelineId) ?? new Set()).add(String(request.headers["webhook-id"])));
    messages++;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", 1024, done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    get messages() {
      return messages;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

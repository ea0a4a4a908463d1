import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

export const ANSWERS = ["says500", "hangs", "resets", "redirects", "isSlow", "says200"] as const;
export type Answering = (typeof ANSWERS)[number];

/** What came for one interruption. */
export interface Told {
  ids: Set<string>;
  /** How each try was answered. */
  answers: Answering[];
}

export interface Receiver {
  readonly origin: string;
  /** By pipeline and fence. */
  readonly told: ReadonlyMap<string, Told>;
  readonly verified: number;
  /** Messages whose signature is not right, by the official library. */
  readonly forged: number;
  /** Requests that came where redirects lead. */
  readonly followed: number;
  stop(): Promise<void>;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const SLOW_MILLISECONDS = 100;

/** A receiver that does at each try as the dice say. @param random from 0 to below 1 */
export async function startReceiver(secret: string, random: () => number): Promise<Receiver> {
  const told = new Map<string, Told>();
  const webhook = new Webhook(secret);
  const counts = { verified: 0, forged: 0, followed: 0 };
  const trap = await listen((_request, response) => {
    counts.followed++;
    response.end();
  });
  const server = await listen(async (request, response) => {
    const body = await text(request);
    try {
      webhook.verify(body, request.headers as Record<string, string>);
      counts.verified++;
    } catch {
      counts.forged++;
    }
    const { pipelineId, fence } = JSON.parse(body).data;
    const of = told.get(`${pipelineId}/${fence}`) ?? { ids: new Set(), answers: [] };
    told.set(`${pipelineId}/${fence}`, of);
    const how = ANSWERS[Math.floor(random() * ANSWERS.length)]!;
    of.ids.add(String(request.headers["webhook-id"]));
    of.answers.push(how);
    const status = REDIRECTS[Math.floor(random() * REDIRECTS.length)]!;
    answer(how, response, { status, location: trap.origin });
  });
  return {
    origin: server.origin,
    told,
    get verified() {
      return counts.verified;
    },
    get forged() {
      return counts.forged;
    },
    get followed() {
      return counts.followed;
    },
    async stop() {
      await server.stop();
      await trap.stop();
    },
  };
}

function answer(how: Answering, response: ServerResponse, to: { status: number; location: string }): void {
  switch (how) {
    case "says500":
      response.writeHead(500).end("no");
      return;
    case "hangs":
      return;
    case "resets":
      response.socket?.resetAndDestroy();
      return;
    case "redirects":
      response.writeHead(to.status, { location: `${to.location}/elsewhere` }).end();
      return;
    case "isSlow":
      setTimeout(() => response.end("heard"), SLOW_MILLISECONDS);
      return;
    case "says200":
      response.end("heard");
  }
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

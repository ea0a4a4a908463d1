import { randomUUID } from "node:crypto";
import { deflateSync } from "node:zlib";
import { memoryBackend } from "../../src/backends/memory.ts";
import { Cairn } from "../../src/client/index.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { serveHttp } from "../../src/http/node-server.ts";
import { createCore } from "../../src/state/core.ts";
import { startRelay } from "../../test/support/relay.ts";
import { figure, meanOf, type Report } from "./report.ts";
import { growingSteps } from "./states.ts";

/** What a request takes beside its body, bytes: its line, headers, a key, the digest. */
const BESIDE = 600;

/** Saves of the SDK with a checkpoint each, over HTTP/1.1: all bytes of the requests, counted on the socket. */
export async function wire(report: Report): Promise<void> {
  const apiKey = `cairn_${randomUUID()}`;
  const entry = { id: "bench", tenant: "bench", scopes: ["read", "write"], sha256: await sha256Hex(apiKey) };
  const core = createCore({ backend: memoryBackend() });
  const server = await serveHttp(createApp({ core, keys: parseApiKeys(JSON.stringify([entry])) }));
  const relay = await startRelay(server.port);
  const pipeline = new Cairn({ url: `http://127.0.0.1:${relay.port}`, apiKey }).pipeline("nightly-etl");
  const saves: { sent: number; allowed: number }[] = [];
  const steps = await growingSteps();
  for (const { content, delta } of steps) {
    const before = relay.sent;
    const options = { contentType: "application/json", checkpoint: "always" } as const;
    await pipeline.saveBytes(content, options);
    const allowed = 2 * deflateSync(delta).length + BESIDE;
    saves.push({ sent: relay.sent - before, allowed });
  }
  await relay.stop();
  await server.stop();
  const whole = meanOf(steps.map(({ deflated }) => deflated));
  const over = saves.filter(({ sent, allowed }) => sent > allowed);
  const changes = saves.slice(1);
  report.add({
    what: "on the wire: request of a save, the fullest : its limit",
    value: Math.max(...saves.map(({ sent, allowed }) => sent / allowed)),
    limit: 1,
    peer: `limit: 2 × compressed change + ${BESIDE}; ${over.length} of ${saves.length} saves over it`,
  });
  report.add({
    what: "on the wire: bytes a save, mean of those after the first",
    value: meanOf(changes.map(({ sent }) => sent)),
    unit: "bytes",
    limit: meanOf(changes.map(({ allowed }) => allowed)),
    peer: `every version whole, deflated: ${figure(whole)}`,
  });
}

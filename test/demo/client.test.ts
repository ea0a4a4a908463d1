import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { createClient, Refused } from "../../demo/client.ts";

type Answer = (response: ServerResponse) => void;

/** A server that answers as told, once each, and remembers the keys it was sent. */
async function serve(answers: Answer[]) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answers[seen.length - 1]!(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { send: createClient(`http://127.0.0.1:${address.port}`), seen };
}

const cutOff: Answer = (response) => void response.destroy();
const away: Answer = (response) => void response.writeHead(503, { "Retry-After": "0" }).end();
const done: Answer = (response) => void response.end("{}");

test("what got no answer is sent again under the same key", async () => {
  const { send, seen } = await serve([cutOff, away, done]);
  await send({ method: "PUT", path: "/v1/pipelines/a/state", body: "{}" });
  const keys = seen.map(({ headers }) => headers["idempotency-key"]);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys).toEqual([keys[0], keys[0], keys[0]]);
});

test("two requests have two keys, a read has none", async () => {
  const { send, seen } = await serve([done, done, done]);
  await send({ method: "PUT", path: "/a" });
  await send({ method: "PUT", path: "/a" });
  await send({ method: "GET", path: "/a" });
  const keys = seen.map(({ headers }) => headers["idempotency-key"]);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBeUndefined();
});

test("a refusal is not repeated, and says how long to wait", async () => {
  const body = JSON.stringify({ status: 409, code: "lease_held" });
  const { send, seen } = await serve([
    (response) => void response.writeHead(409, { "Retry-After": "4" }).end(body),
  ]);
  const error = await send({ method: "POST", path: "/a/resume", body: "{}" }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({ status: 409, code: "lease_held", retryAfterSeconds: 4 });
  expect(seen).toHaveLength(1);
});

test("Retry-After is waited for", async () => {
  const { send } = await serve([
    (response) => void response.writeHead(503, { "Retry-After": "1" }).end(),
    done,
  ]);
  const start = performance.now();
  await send({ method: "GET", path: "/a" });
  expect(performance.now() - start).toBeGreaterThan(990);
});

import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../src/cli/local/server.ts";
import { waitForPort } from "../../src/cli/port.ts";

async function hold(port: number) {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

test("a free port, or any, needs no waiting", async () => {
  await waitForPort("127.0.0.1", await freePort());
  await waitForPort("127.0.0.1", 0);
});

test("waits for a port that is just being given up", async () => {
  const port = await freePort();
  const server = await hold(port);
  setTimeout(() => server.close(), 200);
  await waitForPort("127.0.0.1", port);
});

test("says what to do about a port that stays taken", async () => {
  const port = await freePort();
  await hold(port);
  await expect(waitForPort("127.0.0.1", port)).rejects.toThrow(`PORT=${port + 1} npm start`);
});

test("says what to do about an address of another machine", async () => {
  await expect(waitForPort("192.0.2.1", 0)).rejects.toThrow("HOST must be an address of this machine");
});

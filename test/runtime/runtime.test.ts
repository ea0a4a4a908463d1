import { expect, onTestFinished, test } from "vitest";
import { bundleWorker } from "../../src/cli/bundle.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { startRuntime } from "../../src/cli/runtime.ts";
import { temporaryFolder } from "./service.ts";

async function startShelf(options: { port?: number; dataFolder?: string } = {}) {
  const script = await bundleWorker("test/runtime/fixtures/shelf.ts");
  const defaults = { host: "127.0.0.1", port: 0, bucket: "shelf", bindings: { CAIRN_X: "1" } };
  const deaths: string[] = [];
  const onDeath = (reason: string) => void deaths.push(reason);
  const runtime = await startRuntime({ script, ...defaults, ...options, onDeath });
  onTestFinished(() => runtime.stop());
  return { ...runtime, deaths };
}

test("the Worker sees its variables and its bucket", async () => {
  const { url } = await startShelf();
  expect(await (await fetch(`${url}/env`)).json()).toEqual(["CAIRN_BUCKET", "CAIRN_X"]);
});

test("the bucket outlives the runtime", async () => {
  const dataFolder = temporaryFolder();
  const first = await startShelf({ dataFolder });
  await fetch(`${first.url}/key`, { method: "PUT", body: "value" });
  await first.stop();
  const second = await startShelf({ dataFolder });
  expect(await (await fetch(`${second.url}/key`)).text()).toBe("value");
  expect(first.deaths).toEqual([]);
});

test("cron runs the scheduled handler", async () => {
  const { url, runCron } = await startShelf();
  await runCron();
  expect(await (await fetch(`${url}/cron`)).text()).toBe("* * * * *");
});

test("a scheduled handler that throws is an error", async () => {
  const { url, runCron } = await startShelf();
  await fetch(`${url}/fail-cron`, { method: "PUT", body: "" });
  await expect(runCron()).rejects.toThrow('ended with "exception"');
});

test("what Miniflare adds to a Worker is not on the Worker's port", async () => {
  const { url } = await startShelf();
  await fetch(`${url}/key`, { method: "PUT", body: "secret" });
  expect((await fetch(`${url}/cdn-cgi/local/r2/public/shelf/key`)).status).toBe(404);
});

test("a taken port is an error with a code", async () => {
  const port = await freePort();
  await startShelf({ port });
  await expect(startShelf({ port })).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
});

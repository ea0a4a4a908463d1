import { request as sendRaw } from "node:http";
import { expect, test } from "vitest";
import { launch, type Service, temporaryFolder, until } from "../runtime/service.ts";

const start = (settings: Record<string, string>) =>
  launch([process.execPath, "functions/node.ts"], { CAIRN_BACKEND: "object", ...settings });

const put = { method: "PUT", headers: { "Content-Type": "application/json" } };

test("a plain Node server serves, answers what it had begun before it ends, and starts again", async () => {
  const settings = { CAIRN_DATA: temporaryFolder() };
  const { url, process: server, ended } = (await start(settings)) as Service;
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  const saved = await new Promise<number>((resolve, reject) => {
    const headers = { ...put.headers, Expect: "100-continue" };
    const request = sendRaw(`${url}/v1/pipelines/p/state`, { ...put, headers }, (answer) => {
      resolve(answer.resume().statusCode!);
    });
    request.on("error", reject);
    request.flushHeaders();
    // It has begun this one; and has been told to end when it takes no others.
    request.on("continue", async () => {
      server.kill("SIGTERM");
      await until(
        () =>
          fetch(`${url}/health`).then(
            () => false,
            () => true,
          ),
        30_000,
      );
      request.end("{}");
    });
  });
  expect(saved).toBe(201);
  expect(await ended).toBe(0);
  const again = (await start(settings)) as Service;
  expect((await fetch(`${again.url}/v1/pipelines/p/state`)).status).toBe(200);
});

test("what no request can be is a problem, and the server goes on", async () => {
  const { url } = (await start({ CAIRN_DATA: temporaryFolder() })) as Service;
  const status = await new Promise((resolve, reject) => {
    const request = sendRaw(`${url}/health`, { method: "TRACE" }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    request.on("error", reject).end();
  });
  expect(status).toBe(400);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test("does not start where it would be open to all, or cannot work, and says why", async () => {
  const data = { CAIRN_DATA: temporaryFolder() };
  expect(await start({ ...data, HOST: "0.0.0.0" })).toMatchObject({
    code: 1,
    errors: expect.stringContaining("Set CAIRN_API_KEYS"),
  });
  expect(await start({ CAIRN_DATA: "" })).toMatchObject({
    code: 1,
    errors: expect.stringContaining("CAIRN_DATA"),
  });
  const { url } = (await start(data)) as Service;
  const taken = await start({ ...data, PORT: new URL(url).port });
  expect(taken).toMatchObject({ code: 1, errors: expect.stringContaining("is taken") });
});

import { afterEach, describe, expect, test } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { type S3Options, s3Store } from "../../src/backends/object/s3.ts";
import { localService } from "../http/fixture.ts";
import { type S3Server, type S3ServerOptions, startS3 } from "../support/s3-server/server.ts";

let s3: S3Server;
afterEach(() => s3.stop());

const STATE = "/v1/pipelines/p/state";
const BINARY = { headers: { "Content-Type": "application/octet-stream" } };

describe.each(["sdk", "fetch"] as const)("the service on S3, by the %s client", (client) => {
  const serve = (options: Partial<S3Options> = {}) =>
    localService({
      backend: objectBackend({ store: s3Store({ ...s3, endpoint: s3.url, client, ...options }) }),
    });

  async function start(options: S3ServerOptions = {}) {
    s3 = await startS3(options);
    return serve();
  }

  test("a state of 20 MB is saved and loaded", async () => {
    const service = await start();
    const content = noise(20_000_000);
    expect((await service.put(STATE, content, BINARY)).status).toBe(201);
    const loaded = await serve().get(STATE);
    expect(Buffer.compare(loaded.bytes, content)).toBe(0);
  }, 30_000);

  test("a store that takes one write a second to a key: saves wait, and nobody is told", async () => {
    const service = await start({ minWriteSeconds: 1 });
    const other = serve();
    for (const each of [service, other, service])
      expect((await each.put(STATE, { n: 1 })).status).toBeLessThan(300);
    const many = await Promise.all([service, other, service, other].map((each) => each.put(STATE, { n: 2 })));
    expect(many.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(s3.requests.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    expect((await service.get("/v1/pipelines/p")).json().version).toBe(7);
  }, 30_000);

  test("503 SlowDown: the put was not done, and is sent again", async () => {
    const service = await start();
    s3.fail({ how: "slowDown", method: "PUT", times: 3 });
    expect((await service.put(STATE, { n: 1 })).status).toBe(201);
    s3.fail({ how: "conflict", method: "PUT", times: 2 });
    expect((await service.put(STATE, { n: 2 })).status).toBe(200);
    expect((await service.get("/v1/pipelines/p")).json().version).toBe(2);
  });

  test("a store that is too slow for good: 503 with Retry-After, and nothing was done", async () => {
    const service = await start();
    const undo = s3.fail({ how: "slowDown", method: "PUT", times: 100 });
    const answer = await service.put(STATE, { n: 1 });
    expect([answer.status, answer.json().code]).toEqual([503, "backend_unavailable"]);
    expect(answer.headers.get("retry-after")).not.toBeNull();
    undo();
    expect((await service.get(STATE)).status).toBe(404);
  }, 30_000);

  test("is ready", async () => {
    const answer = await (await start()).get("/ready");
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { ready: true, backend: "object", problems: [] },
    ]);
  });

  const unready: [string, S3ServerOptions, Partial<S3Options>, RegExp][] = [
    ["a bucket that is not there", {}, { bucket: "elsewhere" }, /no such bucket/],
    ["nobody at the address", {}, { endpoint: "http://127.0.0.1:9" }, /does not answer/],
    ["If-Match ignored", { ignores: ["if-match"] }, {}, /ignores If-Match/],
    ["If-None-Match ignored", { ignores: ["if-none-match"] }, {}, /ignores If-None-Match/],
    [
      "a wrong secret",
      {},
      { credentials: { accessKeyId: "TESTKEY", secretAccessKey: "hush" } },
      /secret access key is wrong/,
    ],
  ];
  test.each(unready)("is not ready: %s", async (_what, server, options, problem) => {
    await start(server);
    const answer = await serve(options).get("/ready");
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({
      ready: false,
      problems: [expect.stringMatching(problem)],
    });
    expect(answer.text).not.toMatch(/hush|TESTKEY|127\.0\.0\.1|elsewhere/);
  });

  test("wrong credentials fail a save without saying what they are", async () => {
    await start();
    const credentials = { accessKeyId: "TESTKEY", secretAccessKey: "hush" };
    const answer = await serve({ credentials }).put(STATE, { n: 1 });
    expect([answer.status, answer.json().code]).toEqual([503, "backend_unavailable"]);
    expect(answer.text).not.toMatch(/hush|TESTKEY|127\.0\.0\.1/);
  });
});

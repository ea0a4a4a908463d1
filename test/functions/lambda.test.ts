import { type ServerResponse, request as sendRaw } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import { Cairn } from "../../src/client/index.ts";
import { Client, expectProblem } from "../http/contract/client.ts";
import { tokenOf } from "../http/contract/keys.ts";
import { httpContract } from "../http/contract.ts";
import { startCollector } from "../monitoring/sinks/collector.ts";
import { startContainer } from "../support/lambda/container.ts";
import { type Account, openAccount } from "../support/lambda/deploy.ts";
import { type FunctionUrl, LARGEST_EVENT, startFunctionUrl } from "../support/lambda/function-url.ts";

/** The functions as they are deployed, run by AWS's own runtime client, which is for Linux. */
describe.runIf(process.platform === "linux")("on Lambda", () => {
  let account: Account;
  beforeAll(async () => {
    account = await openAccount();
  }, 900_000);
  afterAll(() => account.stop());

  const startApi = async (...words: Parameters<Account["deploy"]>) =>
    startFunctionUrl(await account.deploy(...words));

  for (const backend of ["object", "dynamodb"] as const)
    httpContract(
      `behind a Function URL, over ${backend}`,
      async () => {
        const { url, stop } = await startApi(backend, "api.handler");
        return { fetch: (path, init) => fetch(url + path, init), stop };
      },
      { largeRequests: false },
    );

  describe("the API", () => {
    let api: FunctionUrl;
    beforeAll(async () => {
      api = await startApi("object", "api.handler");
    });
    afterAll(() => api.stop());

    const client = new Client(() => ({ fetch: (path, init) => fetch(api.url + path, init) }));
    const cairn = () => new Cairn({ url: api.url, apiKey: tokenOf("alice") });
    const stateOf = (id: string) => `/v1/pipelines/${id}/state`;
    const put = (id: string, bytes: Uint8Array, type = "application/octet-stream") =>
      client.put(stateOf(id), bytes, { headers: { "Content-Type": type } });
    const get = async (id: string) => (await client.get(stateOf(id))).bytes;

    test("4 MB of any bytes go in and come out, in one request each", async () => {
      const content = noise(4_000_000);
      expect((await put("binary", content)).status).toBe(201);
      expect(Buffer.compare(await get("binary"), content)).toBe(0);
    });

    test("text that is no UTF-8, a byte order mark and an empty state stay what they are", async () => {
      const states = { latin: Buffer.from("für immer", "latin1"), marked: Buffer.from("\ufeffmarked") };
      for (const [id, bytes] of Object.entries({ ...states, empty: Buffer.alloc(0) })) {
        expect((await put(id, bytes, "text/plain")).status).toBe(201);
        expect(Buffer.compare(await get(id), bytes)).toBe(0);
      }
    });

    test("Lambda refuses what is too large for an event; the SDK then sends it in parts", async () => {
      expect((await put("large", noise(Math.ceil((LARGEST_EVENT * 3) / 4)))).status).toBe(413);
      const content = noise(20_000_000);
      await cairn().pipeline("large").saveBytes(content);
      expect(Buffer.compare(await get("large"), content)).toBe(0);
    });

    test("an answer that breaks off is not taken for a whole one, and its log names no frame", async () => {
      await cairn().pipeline("cut").saveBytes(noise(20_000_000));
      const undo = account.s3.fail({ how: "error", method: "GET", key: /\.p[3-9]-/, times: 1000 });
      const outcome = await get("cut").then(
        () => "whole",
        () => "broken off",
      );
      expect(outcome).toBe("broken off");
      undo();
      expect((await get("cut")).length).toBe(20_000_000);
      const logs = (await api.containers()).map((container) => container.log()).join("");
      expect(logs).toContain("The answer broke off: backend_unavailable.");
      expect(logs).not.toMatch(/chunk-|frame|127\.0\.0\.1/);
    });

    test("what no request can be is a problem; a read with a body is a read", async () => {
      expect(JSON.parse(await raw("TRACE"))).toMatchObject({ status: 400, code: "malformed" });
      expect(JSON.parse(await raw("GET", "body"))).toMatchObject({ status: "ok" });
    });

    /** Sends what `fetch` does not; resolves with the answer's body. */
    function raw(method: string, body = ""): Promise<string> {
      return new Promise((resolve, reject) => {
        const headers = { "Content-Length": String(body.length) };
        const request = sendRaw(`${api.url}/health`, { method, headers }, (answer) => resolve(text(answer)));
        request.on("error", reject).end(body);
      });
    }

    test("a service that is not configured says so, and serves nobody", async () => {
      const broken = await startApi("dynamodb", "api.handler", { without: "CAIRN_DYNAMO_TABLE" });
      const asking = new Client(() => ({ fetch: (path, init) => fetch(broken.url + path, init) }));
      for (const path of ["/health", stateOf("p")]) {
        const problem = expectProblem(await asking.get(path), 503, "backend_unavailable");
        expect(problem.detail).toContain("CAIRN_DYNAMO_TABLE");
      }
      await broken.stop();
    });

    test("what a request leaves to be done is done after its answer, and before the container stands still", async () => {
      const collector = await startCollector();
      const hanging: ServerResponse[] = [];
      collector.answer = (response) => void hanging.push(response);
      const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, CAIRN_LOG: "emf" };
      const told = await startApi("object", "api.handler", { variables });
      const asking = new Client(() => ({ fetch: (path, init) => fetch(told.url + path, init) }));
      expect((await asking.put(stateOf("told"), noise(100))).status).toBe(201);
      // The answer is whole. Nobody asks for anything more, and the sinks are told all the same.
      await collector.got(2);
      expect(hanging).toHaveLength(2);
      for (const response of hanging) response.end("{}");
      const [container] = await told.containers();
      const line = container!.log().trim().split("\n").at(-1)!;
      expect(JSON.parse(line)).toMatchObject({ operation: "saveState", tenant: "one", _aws: {} });
      await told.stop();
    });

    test("the scheduled event runs the sweep, which interrupts what has expired", async () => {
      await client.save("nightly");
      await client.lease("nightly", "worker", 1);
      await new Promise((resolve) => setTimeout(resolve, 3500));
      const sweep = await startContainer(await account.deploy("object", "sweep.handler"));
      const { body, done } = await sweep.invoke({ version: "0", source: "aws.scheduler" });
      const summary = JSON.parse(await text(body));
      done();
      expect((await client.get("/v1/pipelines/nightly")).json().status).toBe("interrupted");
      // Metrics are made of the line, so it may be nothing but JSON.
      const line = sweep.log().trim().split("\n").at(-1)!;
      expect(JSON.parse(line)).toEqual({ event: "sweep", ...summary });
      await sweep.stop();
    });
  });
});

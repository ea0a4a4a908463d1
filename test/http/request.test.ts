import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import { createCore } from "../../src/state/core.ts";
import { expectProblem, pipeline } from "./contract/client.ts";
import { localService } from "./fixture.ts";

/* What only a request made by hand can be: a URL that no client sends so, a length that is a lie. */

const app = createApp({ core: createCore({ backend: memoryBackend() }), keys: null });

/** workerd hands on the URL as it came over the wire; `Request` would collapse it. */
async function sendRaw(method: string, path: string) {
  const request = new Request("http://localhost/", { method });
  Object.defineProperty(request, "url", { value: `http://localhost${path}` });
  const response = await app.fetch(request);
  return { status: response.status, code: ((await response.json()) as { code: string }).code };
}

describe("a path as it came over the wire", () => {
  it.each([
    "/v1/pipelines/../state",
    "/v1/pipelines/%2e%2e/state",
    "/v1/pipelines/./lease",
    "/v1/pipelines/.%2E",
    "/v1/pipelines/..",
    "/v1/pipelines/a/../b/state",
    "/v1/pipelines/a/checkpoints/..",
    "/v1/pipelines/a/checkpoints/../state",
    "/v1/pipelines/..\\..\\b",
    "/v1/../v1/pipelines/a",
  ])("%s is 400", async (path) => {
    for (const method of ["GET", "DELETE"]) {
      const { status, code } = await sendRaw(method, path);
      if (status !== 405) expect({ status, code }).toEqual({ status: 400, code: "invalid_id" });
    }
  });
});

describe("a length that is a lie", () => {
  const client = localService({ maxBodyBytes: 1000 });
  const put = (size: number, length: string) =>
    client.put(`${pipeline("a")}/state`, new Uint8Array(size), { headers: { "Content-Length": length } });

  it("too small: the real bytes count", async () => {
    expectProblem(await put(1001, "10"), 413, "too_large");
    expectProblem(await put(1001, "-5"), 413, "too_large");
    expectProblem(await put(1001, "abc"), 413, "too_large");
  });

  it("too large: refused before a byte is read", async () => {
    expectProblem(await put(10, "1001"), 413, "too_large");
    expectProblem(await put(10, "99999999999999999999"), 413, "too_large");
  });

  it("never ending: given up", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100;
        controller.enqueue(new Uint8Array(100));
      },
    });
    expectProblem(await client.put(`${pipeline("a")}/state`, body), 413, "too_large");
    expect(sent).toBeLessThan(10_000);
  });

  it("cut off: nothing is saved", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(100));
        controller.error(new Error("gone"));
      },
    });
    expectProblem(await client.put(`${pipeline("b")}/state`, body), 400, "malformed");
    expectProblem(await client.get(pipeline("b")), 404, "not_found");
  });
});

import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { RequestEvent } from "../../src/http/account.ts";
import { assemble } from "../../src/http/assemble.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { CONTRACT_API_KEYS, tokenOf } from "../http/contract/keys.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

function serviceOf(variables: Record<string, string>) {
  const environment = { CAIRN_BACKEND: "memory", CAIRN_API_KEYS: CONTRACT_API_KEYS, ...variables };
  const { store: _store, ...settings } = parseEnvironment(environment, "node");
  return assemble(memoryBackend(), settings).app;
}

/** What the log has after these requests. */
async function logged(variables: Record<string, string>, requests: Request[]): Promise<string[]> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    const app = serviceOf(variables);
    for (const request of requests) await app.fetch(request);
    return log.mock.calls.map(([line]) => line as string);
  } finally {
    log.mockRestore();
  }
}

function request(method: string, path: string, headers: Record<string, string> = {}, body?: string): Request {
  const Authorization = `Bearer ${tokenOf("alice")}`;
  const all = { Authorization, "Content-Type": "application/json", ...headers };
  return new Request(`http://localhost${path}`, { method, headers: all, ...(body && { body }) });
}

test("each request leaves one line: who, what, how long, what came of it, and nothing of what was sent", async () => {
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
  const sent = { "X-Request-Id": "r-1", "Content-Length": "18", traceparent };
  const lines = await logged({ CAIRN_LOG: "json" }, [
    request("PUT", "/v1/pipelines/a/state", sent, '{"password":"hey"}'),
    request("GET", "/v1/pipelines/a/state?select=/password", { traceparent: "00-0-0-01" }),
    request("GET", "/v1/pipelines/b/state"),
    request("GET", "/v1/pipelines/a", { Authorization: "Bearer stolen" }),
  ]);
  const events = lines.map((line) => JSON.parse(line) as RequestEvent);
  expect(events[0]).toEqual({
    event: "request",
    at: expect.stringMatching(/Z$/),
    ...{ requestId: "r-1", traceId: TRACE, tenant: "one", operation: "saveState", pipelineId: "a" },
    ...{ version: 1, status: 201, code: "ok", seconds: expect.any(Number), bytesIn: 18, bytesOut: 0 },
  });
  expect(events[1]).toMatchObject({ operation: "loadState", traceId: null, version: 1, status: 200 });
  expect(events[2]).toMatchObject({ pipelineId: "b", status: 404, code: "not_found", version: null });
  expect(events[3]).toMatchObject({ tenant: "", pipelineId: null, status: 401, code: "unauthorized" });
  expect(lines.join()).not.toMatch(/hey|password|stolen|contract-key/);
});

test("nothing is logged unless it is asked for, and what is asked for wrongly is refused", async () => {
  expect(await logged({}, [request("GET", "/health")])).toEqual([]);
  expect(() => serviceOf({ CAIRN_LOG: "xml" })).toThrow("CAIRN_LOG: must be none or json");
});

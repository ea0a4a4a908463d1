import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { assemble } from "../../src/http/assemble.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { CairnError } from "../../src/model/errors.ts";
import type { RequestEvent } from "../../src/monitoring/request-event.ts";
import { CONTRACT_API_KEYS, tokenOf } from "../http/contract/keys.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = expect.stringMatching(/^[0-9a-f]{16}$/);

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
    request("GET", "/v1/pipelines/b/state", { "Content-Length": "1e400" }),
    request("GET", "/v1/pipelines/a", { Authorization: "Bearer stolen" }),
  ]);
  const events = lines.map((line) => JSON.parse(line) as RequestEvent);
  expect(events[0]).toEqual({
    event: "request",
    at: expect.stringMatching(/Z$/),
    ...{ requestId: "r-1", tenant: "one", operation: "saveState", pipelineId: "a" },
    ...{ traceId: TRACE, spanId: SPAN, parentSpanId: "00f067aa0ba902b7", sampled: true },
    ...{ version: 1, status: 201, code: "ok", seconds: expect.any(Number), bytesIn: 18, bytesOut: 0 },
    ...{ storeCalls: 2, storeMs: expect.any(Number) },
  });
  expect(events[1]).toMatchObject({ operation: "loadState", parentSpanId: null, version: 1, status: 200 });
  expect(events[2]).toMatchObject({
    bytesIn: 0,
    pipelineId: "b",
    status: 404,
    code: "not_found",
    version: null,
  });
  expect(events[3]).toMatchObject({ tenant: "", pipelineId: null, status: 401, code: "unauthorized" });
  expect(lines.join()).not.toMatch(/hey|password|stolen|contract-key/);
});

test("the answer tells the trace, and calls of the store are counted of each request alone, failed ones as well", async () => {
  const backend = memoryBackend();
  const lines: RequestEvent[] = [];
  const environment = { CAIRN_BACKEND: "memory", CAIRN_LOG: "json" };
  const { store: _store, ...settings } = parseEnvironment(environment, "node");
  const { app } = assemble(backend, settings, { writeLine: (line) => lines.push(JSON.parse(line)) });
  const ask = async (path: string, init?: RequestInit) =>
    app.fetch(new Request(`http://localhost${path}`, init));
  const { load } = backend;
  backend.load = async () => {
    throw new CairnError("backend_unavailable", "It does not answer.");
  };
  const [health, failed, unknown] = await Promise.all([
    ask("/health"),
    ask("/v1/pipelines/a/state", { headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` } }),
    ask("/v1/pipelines/a/checkpoints", {
      headers: { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` },
    }),
  ]);
  backend.load = load;
  const told = (operation: string) => lines.find((each) => each.operation === operation)!;
  expect(told("health")).toMatchObject({ storeCalls: 0, storeMs: 0 });
  expect(told("loadState")).toMatchObject({ code: "backend_unavailable", storeCalls: 1, sampled: false });
  expect(failed.headers.get("traceparent")).toBe(`00-${TRACE}-${told("loadState").spanId}-00`);
  expect(told("listCheckpoints").traceId).not.toBe("0".repeat(32));
  for (const [response, operation] of [
    [health, "health"],
    [unknown, "listCheckpoints"],
  ] as const) {
    const { traceId, spanId } = told(operation);
    expect(response.headers.get("traceparent")).toBe(`00-${traceId}-${spanId}-01`);
  }
});

test("nothing is logged unless it is asked for, and what is asked for wrongly is refused", async () => {
  expect(await logged({}, [request("GET", "/health")])).toEqual([]);
  expect(() => serviceOf({ CAIRN_LOG: "xml" })).toThrow("CAIRN_LOG: must be none or json or emf");
});

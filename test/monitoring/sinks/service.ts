import type { Platform } from "../../../src/backends/configuration/variables.ts";
import { memoryBackend } from "../../../src/backends/memory.ts";
import { assemble, type Runtime } from "../../../src/http/assemble.ts";
import type { StandsStill } from "../../../src/http/drain.ts";
import { parseEnvironment } from "../../../src/http/environment.ts";
import { CONTRACT_API_KEYS, type Holder, tokenOf } from "../../http/contract/keys.ts";
import { readPrometheus, sampleOf } from "../../support/prometheus-text.ts";

/** A service whose clock for what is left to be done is the test's. */
export function serviceWith(
  variables: Record<string, string>,
  runtime: Runtime = {},
  platform: Platform = "node",
) {
  const environment = { CAIRN_BACKEND: "memory", CAIRN_API_KEYS: CONTRACT_API_KEYS, ...variables };
  const { store: _store, ...settings } = parseEnvironment(environment, platform);
  const backend = memoryBackend();
  const { app, close } = assemble(backend, settings, runtime);
  const left: (() => Promise<unknown>)[] = [];
  const standsStill: StandsStill = { afterwards: (work) => void left.push(work) };
  const request = async (method: string, path: string, options: Asking = {}) => {
    const { as = "alice", headers = {}, body } = options;
    const all = {
      Authorization: `Bearer ${as === "stranger" ? "x" : tokenOf(as)}`,
      ...(body !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": String(body.length),
      }),
      ...headers,
    };
    const asked = new Request(`http://localhost${path}`, { method, headers: all, body: body ?? null });
    return app.fetch(asked, standsStill);
  };
  return {
    /** As the runtime hands one on, without anything beside. */
    fetch: app.fetch,
    request,
    save: (id: string, options: Asking = {}) =>
      request("PUT", `/v1/pipelines/${id}/state`, { body: '{"a":1}', ...options }),
    /** Begins what was left to be done; resolves when it has ended. */
    goOn: () => Promise.all(left.splice(0).map((work) => work())),
    close,
    /** What `/metrics` says that a sink did not take. */
    async dropped(sink: string, as: Holder = "alice") {
      const answer = await request("GET", "/metrics", { as });
      return sampleOf(readPrometheus(await answer.text()), "cairn_sink_dropped_total", { sink });
    },
  };
}

export interface Asking {
  as?: Holder | "stranger";
  headers?: Record<string, string>;
  body?: string;
}

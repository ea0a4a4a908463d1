import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import type { OpenApi } from "../../src/http/openapi.ts";
import { present } from "../../src/model/present.ts";
import { createCore } from "../../src/state/core.ts";
import { serveApp } from "../client/service.ts";
import { badExamples, judgeOf } from "./conformance/answers.ts";
import { type Asked, requestsOf } from "./conformance/requests.ts";

const REQUESTS = 5000;
const SEED = 20_261_123;
const PIPELINES = 200;

/** Where one thing that a request says may not go with another, or with its bytes. */
const DEPENDENT = ["saveState", "patchState"];

const keys = (["admin", "reader"] as const).map((id) => ({
  ...{ id, tenant: "one", scopes: id === "admin" ? ["read", "write", "admin"] : ["read"] },
  sha256: createHash("sha256").update(id).digest("hex"),
}));

interface Known {
  fence?: number;
  version?: number;
  checkpointId?: string;
  uploadId?: string;
}

/** What the service has made, to be asked for again. */
class Pools {
  readonly #known = new Map<string, Known>();

  /** The id of a parameter in the path; one of five as the document makes it. */
  id(name: string, asked: Asked, pipelineId: string): string {
    const made = asked.path[name]!;
    if (asked.wrong === "path" || asked.pick % 5 === 0) return made;
    if (name === "pipelineId") return `p${asked.pick % PIPELINES}`;
    const { checkpointId = made, uploadId = made } = this.#known.get(pipelineId) ?? {};
    if (name === "diffTarget") return asked.pick % 2 ? "current" : checkpointId;
    return ({ checkpointId, uploadId } as Record<string, string>)[name] ?? made;
  }

  headers({ headers, wrong, body, pick }: Asked, pipelineId: string): Record<string, string> {
    if (wrong === "header") return headers;
    const { fence, version } = this.#known.get(pipelineId) ?? {};
    const better = {
      "Cairn-Fence": fence === undefined ? undefined : String(fence),
      "If-Match": version === undefined ? undefined : `"${version}"`,
      "Idempotency-Key": pick % 5 === 0 ? undefined : `key-${pick}`,
      "Repr-Digest": `sha-256=:${createHash("sha256")
        .update(body ?? "")
        .digest("base64")}:`,
    };
    const all = Object.entries({ ...headers, ...present(better) });
    return Object.fromEntries(all.filter(([name]) => name in headers));
  }

  learn(pipelineId: string, answer: Known & { checkpoint?: Known | null }): void {
    const { fence, version, uploadId, checkpointId = answer.checkpoint?.checkpointId } = answer;
    const told = present({ fence, version, uploadId, checkpointId });
    this.#known.set(pipelineId, { ...this.#known.get(pipelineId), ...told });
  }
}

describe("the service answers as openapi.json says", () => {
  let url = "";
  let document: OpenApi;
  let stop = () => {};
  beforeAll(async () => {
    const app = createApp({
      core: createCore({ backend: memoryBackend() }),
      keys: parseApiKeys(JSON.stringify(keys)),
    });
    const service = await serveApp(app);
    ({ url, stop } = service);
    document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
    return () => stop();
  });

  async function send(asked: Asked, pools: Pools) {
    const { template, method, query, body, key } = asked;
    let pipelineId = "";
    const target = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const id = pools.id(name, asked, pipelineId);
      if (name === "pipelineId") pipelineId = id;
      return encodeURIComponent(id);
    });
    const parameters = query.length > 0 ? `?${new URLSearchParams(query)}` : "";
    const authorization = key === "none" ? {} : { Authorization: `Bearer ${key}` };
    const headers = { ...pools.headers(asked, pipelineId), ...authorization };
    const answer = await fetch(url + target + parameters, { method: method.toUpperCase(), headers, body });
    const text = await answer.text();
    if (answer.ok && answer.headers.get("Content-Type") === "application/json")
      pools.learn(pipelineId, JSON.parse(text));
    return { answer, text };
  }

  /** Pipelines that there is something of. */
  async function begun(): Promise<Pools> {
    const pools = new Pools();
    for (let i = 0; i < PIPELINES; i++) {
      const init = { method: "PUT", headers: { Authorization: "Bearer admin" }, body: '{"config":{"n":1}}' };
      const json = { "Content-Type": "application/json" };
      const saved = await fetch(`${url}/v1/pipelines/p${i}/state?checkpoint=always`, {
        ...init,
        headers: { ...init.headers, ...json },
      });
      pools.learn(`p${i}`, await saved.json());
    }
    return pools;
  }

  it(`to ${REQUESTS} requests, as it allows them or wrong in one way`, { timeout: 180_000 }, async () => {
    const judge = judgeOf(document);
    const pools = await begun();
    const faults = new Map<string, number>();
    const statuses = new Map<string, Set<number>>();
    for (const asked of fc.sample(requestsOf(document), { seed: SEED, numRuns: REQUESTS })) {
      const { operationId } = asked.operation;
      const { answer, text } = await send(asked, pools);
      const found = judge(asked.operation, answer, text);
      if (asked.wrong && asked.wrong !== "header" && answer.status < 400)
        found.push(`${answer.status} although its ${asked.wrong} is wrong`);
      if (
        answer.status === 400 &&
        asked.wrong === null &&
        !DEPENDENT.includes(operationId) &&
        text.includes('"code":"malformed"')
      )
        found.push(`refused although it is as the document says: ${text}`);
      for (const each of found) {
        const fault = `${operationId} ${answer.status}: ${each}`;
        faults.set(fault, (faults.get(fault) ?? 0) + 1);
      }
      statuses.set(operationId, (statuses.get(operationId) ?? new Set()).add(answer.status));
    }
    expect([...faults].map(([fault, times]) => `${times} × ${fault}`)).toEqual([]);
    const never = [...statuses].filter(([, seen]) => ![...seen].some((status) => status < 300));
    expect(never.map(([operationId]) => operationId)).toEqual([]);
  });

  it("and another answer is found out", async () => {
    const judge = judgeOf(document);
    const { get } = document.paths["/v1/pipelines"]!;
    const page = { data: [], cursor: null, hasMore: false };
    const told = (body: object, init: ResponseInit = {}) =>
      judge(get!, Response.json(body, init), JSON.stringify(body));
    expect(told(page)).toEqual([]);
    expect(told(page, { status: 418 })).toEqual(["status 418 is not documented"]);
    expect(told(page, { headers: { "X-Secret": "1" } })).toEqual(["header x-secret is not documented"]);
    expect(told({ ...page, hasMore: "no" })).toEqual(["body/hasMore must be boolean"]);
    expect(told(page, { headers: { "Content-Type": "text/html" } })).toEqual([
      "content type text/html is not documented for 200",
    ]);
    const problem = {
      type: "/docs#not_found",
      title: "Not found",
      status: 404,
      detail: "…",
      code: "not_found",
    };
    const headers = { "Content-Type": "application/problem+json" };
    expect(told({ ...problem, code: "lease_held" }, { status: 403, headers })).toHaveLength(1);
  });

  it("and its examples are what its schemas allow", () => {
    expect(badExamples(document)).toEqual([]);
  });
});

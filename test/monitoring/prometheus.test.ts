import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { type AssembledService, assemble } from "../../src/http/assemble.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { type HttpServer, serveHttp } from "../../src/http/node-server.ts";
import { ERROR_CODES } from "../../src/model/errors.ts";
import { outcome } from "../../src/monitoring/state-metrics.ts";
import { metricsKey } from "../../src/state/core.ts";
import { Client, pipeline } from "../http/contract/client.ts";
import { CONTRACT_API_KEYS, tokenOf } from "../http/contract/keys.ts";
import { type PrometheusServer, startPrometheus } from "../support/prometheus-server.ts";
import { dashboard } from "./dashboard.ts";

const environment = {
  ...{ CAIRN_BACKEND: "memory", CAIRN_API_KEYS: CONTRACT_API_KEYS, CAIRN_DRILL_CHECKPOINTS: "1" },
  ...{ CAIRN_QUOTA_BYTES: "1000000", CAIRN_QUOTA_PIPELINES: "100" },
  CAIRN_ALERT_THRESHOLDS: '{"errorRate": 0.01}',
};

let redis: RedisServer;
let backend: StorageBackend;
let service: AssembledService;
let server: HttpServer;
let prometheus: PrometheusServer;
const client = new Client(() => ({
  fetch: (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, init),
}));
const as = { as: "admin" } as const;

beforeAll(async () => {
  redis = await startRedis();
  backend = redisBackend({ transport: "tcp", url: redis.url });
  const { store: _store, ...settings } = parseEnvironment(environment, "node");
  service = assemble(backend, settings);
  server = await serveHttp(service.app);
  await client.put(pipeline("empty"), {}, as);
  // Of another tenant: none of this is to be seen.
  await client.get(pipeline("p"), { as: "bob" });
  await client.put(`${pipeline("p")}/state`, { step: 0 }, as);
  for (let i = 0; i < 20; i++) await client.post(`${pipeline("p")}/checkpoints`, { data: { i } }, as);
  prometheus = await startPrometheus({ port: server.port, key: tokenOf("admin") });
});

afterAll(async () => {
  await prometheus?.stop();
  await server?.stop();
  await service?.close();
  await redis?.stop();
});

/** What some machine does, some of it in vain. */
async function round(step: number): Promise<void> {
  for (let i = 0; i < 3; i++) await client.put(`${pipeline("p")}/state`, { step, i }, as);
  await client.get(`${pipeline("p")}/state`, as);
  await client.get(`${pipeline("nobody")}/state`, as);
  await client.post(`${pipeline("p")}/checkpoints`, {}, as);
  const { fence } = (await client.post(`${pipeline("p")}/resume`, { owner: "w", ttlSeconds: 60 }, as)).json();
  await client.delete(`${pipeline("p")}/lease`, { ...as, headers: { "Cairn-Fence": String(fence) } });
  await client.post(`${pipeline("p")}/recover`, {}, as);
  await client.post(`${pipeline("empty")}/recover`, {}, as);
  await client.post("/v1/sweep", undefined, as);
  // No sink of this service drops anything: this is what one would have counted.
  await backend.add(metricsKey("one"), { "d/test": 1 });
}

test("each panel of the dashboard is answered by Prometheus, and its numbers are those of the service", {
  timeout: 180_000,
}, async () => {
  const { expressions, variables } = dashboard();
  expect(expressions.length).toBeGreaterThan(20);
  let waiting = [...variables, ...expressions];
  let rounds = 0;
  while (waiting.length > 0 && rounds < 100) {
    await round(++rounds);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const answers = await Promise.all(waiting.map((expression) => prometheus.query(expression)));
    // Of a share of nothing nobody knows anything yet.
    waiting = waiting.filter((_, i) => answers[i]!.every(({ value }) => Number.isNaN(value)));
  }
  expect(waiting, "no data").toEqual([]);

  const known = {
    ...{ "saveState/ok": 3 * rounds + 1, "loadState/ok": rounds, "loadState/not_found": rounds },
    ...{ "createCheckpoint/ok": rounds + 20, "resume/ok": rounds, "releaseLease/ok": rounds },
    ...{ "recover/ok": rounds, "recover/unrecoverable": rounds, "sweep/ok": rounds },
    "registerPipeline/ok": 1,
  };
  const counted = async () => {
    const series = await prometheus.query('cairn_operations_total{tenant="one", operation!="scrapeMetrics"}');
    return Object.fromEntries(series.map(({ labels: l, value }) => [`${l.operation}/${l.code}`, value]));
  };
  await expect.poll(counted, { timeout: 30_000 }).toEqual(known);
  expect(await prometheus.query('{tenant!="one", tenant!=""}')).toEqual([]);
  const one = async (expression: string) => (await prometheus.query(expression)).map(({ value }) => value);
  expect(await one('cairn_operation_seconds_count{operation="saveState"}')).toEqual([3 * rounds + 1]);
  expect(await one("cairn_sweeps_total")).toEqual([rounds]);
  expect(await one('cairn_quota_bytes{tenant="one"}')).toEqual([1_000_000]);
  expect(await one('cairn_sink_dropped_total{sink="test"}')).toEqual([rounds]);
  expect(await one('cairn_alert_firing{alert="drillFailures"}')).toEqual([0]);
  // One in a round fails.
  expect(await one('cairn_alert_firing{alert="errorRate"}')).toEqual([1]);
  expect(await one('cairn_alert_threshold{alert="errorRate"}')).toEqual([0.01]);
  expect(await one('cairn_drill_checkpoints_total{outcome="held"}')).toEqual([
    expect.toSatisfy((n) => n > 1),
  ]);
});

test("docs/monitoring.md has every metric that is scraped, and no other", async () => {
  const names = await prometheus.query('count by (__name__) ({__name__=~"cairn_.*"})');
  const scraped = names.map(({ labels: l }) => l.__name__!.replace(/(?<=_seconds)_(bucket|sum|count)$/, ""));
  const page = readFileSync(new URL("../../docs/monitoring.md", import.meta.url), "utf8");
  const [, table = ""] = /## Prometheus\n(.*?)\n## /s.exec(page) ?? [];
  expect(new Set(table.match(/(?<=`)cairn_\w+/g))).toEqual(new Set(scraped));
});

test("Prometheus refuses what is no expression, and a metric that is none has no data", async () => {
  await expect(prometheus.query("rate(cairn_operations_total[")).rejects.toThrow("parse error");
  expect(await prometheus.query("cairn_operation_total")).toEqual([]);
});

test("the dashboard calls those codes failures that the metrics do", () => {
  const failed = Object.keys(ERROR_CODES).filter((code) => outcome(code) === "failed");
  const told = new Set(
    dashboard().expressions.flatMap((text) => /code=~"(?:ok\|)?([^"]+)"/.exec(text)?.[1] ?? []),
  );
  expect([...told]).toEqual([failed.sort().join("|")]);
});

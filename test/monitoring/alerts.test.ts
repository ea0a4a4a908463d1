import { Webhook } from "standardwebhooks";
import { afterAll, beforeEach, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { CairnError } from "../../src/model/errors.ts";
import { type AlertOptions, listAlerts, operatorCounts, watched } from "../../src/monitoring/alerts.ts";
import { incrementsOf, type Operation } from "../../src/monitoring/counts.ts";
import { operatorText } from "../../src/monitoring/prometheus.ts";
import { serviceMetrics } from "../../src/monitoring/service-metrics.ts";
import { parseThresholds } from "../../src/monitoring/thresholds.ts";
import type { SweepSummary } from "../../src/recovery/sweep/sweep.ts";
import { parseWebhookSecrets } from "../../src/recovery/wake/secrets.ts";
import { createCore, metricsKey } from "../../src/state/core.ts";
import { startReceiver } from "../recovery/wake/receiver.ts";
import { readPrometheus, sampleOf } from "../support/prometheus-text.ts";

const SECRET = `whsec_${btoa("0123456789abcdef01234567")}`;
const receiver = await startReceiver();
afterAll(() => receiver.stop());
beforeEach(() => void receiver.received.splice(0));

/** A sweep that found nothing but this. */
function swept(found: Partial<SweepSummary> = {}): SweepSummary {
  return {
    ...{ due: 0, interrupted: 0, failed: 0, damaged: 0, woken: 0, delayed: 0, deadLettered: 0 },
    ...{ pruned: 0, promoted: 0, deleted: 0, drilled: 0, held: 0, more: false, calls: 1, seconds: 0.5 },
    ...found,
  };
}

/** A service whose sweeps find what they are told to. */
function service(path = "/204", make: () => StorageBackend = memoryBackend, options: AlertOptions = {}) {
  const core = createCore({ backend: make(), webhooks: { allow: [receiver.origin] } });
  const clock = { now: Date.now() };
  const tell = { url: receiver.origin + path, secrets: parseWebhookSecrets(SECRET) };
  let found = swept();
  const sweep = watched(core, async () => found, {
    ...{ tell, now: () => clock.now },
    ...options,
  });
  const look = async (what: Partial<SweepSummary> = {}, seconds = 60) => {
    clock.now += seconds * 1000;
    found = swept(what);
    await sweep();
  };
  const alerts = async () => {
    const { data } = await listAlerts(core, clock.now);
    return data.filter(({ state }) => state === "firing").map(({ name }) => name);
  };
  return { core, clock, look, alerts, sweep, tell };
}

const types = () => receiver.received.map(({ body }) => JSON.parse(body).type as string);

test("a drill that finds damage is told once, signed, and once more when five looks were well", async () => {
  const s = service();
  await s.look();
  expect(await s.alerts()).toEqual([]);
  await s.look({ drilled: 16, held: 14 });
  await s.look({ drilled: 16, held: 15 });
  expect(await s.alerts()).toEqual(["drillFailures"]);
  for (let i = 0; i < 6; i++) await s.look({ drilled: 16, held: 16 });
  expect(await s.alerts()).toEqual([]);
  expect(types()).toEqual(["alert.firing", "alert.resolved"]);
  const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
  expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
    data: { name: "drillFailures", value: 2, threshold: 0 },
  });
  expect(new Set(receiver.received.map((each) => each.headers["webhook-id"])).size).toBe(2);
});

test("of sweeps that overlap, one makes the change and tells of it", async () => {
  const s = service();
  await s.look();
  s.clock.now += 60_000;
  const found = swept({ interrupted: 11 });
  const options = { tell: s.tell, now: () => s.clock.now };
  const sweeps = Array.from({ length: 4 }, () => watched(s.core, async () => found, options));
  await Promise.all(sweeps.map((sweep) => sweep()));
  expect(await s.alerts()).toEqual(["interruptedPipelines"]);
  expect(types()).toEqual(["alert.firing"]);
});

test("who does not take a message is told again under its id, with backoff, and not for ever", async () => {
  const s = service("/500");
  await s.look({ interrupted: 11 });
  expect(receiver.received).toHaveLength(1);
  expect(await listAlerts(s.core, s.clock.now)).toMatchObject({ untold: 1 });
  for (let i = 0; i < 30; i++) await s.look({ interrupted: 11 }, 300);
  expect(receiver.received).toHaveLength(8);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(await listAlerts(s.core, s.clock.now)).toMatchObject({ untold: 0 });
});

test("a private address that is not exempt is not called, and what is not told is still shown", async () => {
  const s = service();
  const core = createCore({ backend: s.core.backend });
  const found = swept({ interrupted: 11 });
  await watched(core, async () => found, { tell: s.tell })();
  expect(receiver.received).toEqual([]);
  expect(await s.alerts()).toEqual(["interruptedPipelines"]);
});

test("sweeps that do not get through, or do not run at all, are a lag", async () => {
  const s = service();
  await s.look();
  for (let i = 0; i < 10; i++) await s.look({ more: true });
  expect(await s.alerts()).toEqual([]);
  await s.look({ more: true });
  expect(await s.alerts()).toEqual(["sweepLag"]);
  const idle = service();
  await idle.look();
  idle.clock.now += 601_000;
  expect(await idle.alerts()).toEqual(["sweepLag"]);
});

test("metrics are compared with the last look's, and a source that fails raises nothing", async () => {
  const totals = { operations: 0, errors: 0, checkpoints: 0, checkpointSeconds: 0, storageUsage: 0.9 };
  let failing = false;
  const metrics = {
    totals: async () => {
      if (failing) throw new Error("away");
      return { ...totals };
    },
  };
  const s = service("/204", memoryBackend, { metrics, thresholds: { storageUsage: 0.95 } });
  await s.look();
  expect(await s.alerts()).toEqual([]);
  Object.assign(totals, { operations: 100, errors: 6, checkpoints: 2, checkpointSeconds: 62 });
  failing = true;
  await s.look();
  expect(await s.alerts()).toEqual([]);
  failing = false;
  await s.look();
  expect(await s.alerts()).toEqual(["checkpointTime", "errorRate"]);
});

test("a store that fails fails no sweep", async () => {
  const away = () => ({
    ...memoryBackend(),
    load: () => Promise.reject(new CairnError("backend_unavailable", "The store is away.")),
  });
  await service("/204", away).look({ interrupted: 11 });
  expect(receiver.received).toEqual([]);
});

test("all that sweeps do adds up, overlapping ones too", async () => {
  const s = service();
  await s.look({ due: 3, interrupted: 2, seconds: 1.5 });
  await Promise.all([s.look({ promoted: 1 }), s.look({ promoted: 4 })]);
  const { swept: sums, alerts } = await operatorCounts(s.core, s.clock.now);
  expect(sums).toMatchObject({ sweeps: 3, due: 3, interrupted: 2, promoted: 5, calls: 3, seconds: 2.5 });
  const samples = readPrometheus(operatorText({ alerts, swept: sums }));
  expect(sampleOf(samples, "cairn_sweep_pipelines_total", { outcome: "promoted" })).toBe(5);
  expect(sampleOf(samples, "cairn_alert_threshold", { alert: "sweepLag" })).toBe(600);
});

test("what the service watches is of all tenants together, by the thresholds of its environment", async () => {
  const backend = memoryBackend();
  const { core } = service("/204", () => backend);
  const metrics = serviceMetrics(core, ["a", "b"]);
  const thresholds = parseThresholds('{"errorRate": 0.1, "checkpointTime": 1}');
  let now = Date.now();
  const look = watched(core, async () => swept(), { metrics, thresholds, now: () => (now += 60_000) });
  const count = (tenant: string, code: Operation["code"], seconds = 0.1) =>
    backend.add(
      metricsKey(tenant),
      incrementsOf({ operation: "saveState", code, seconds, bytesIn: 0, bytesOut: 0 }),
    );
  await count("a", "ok");
  await count("c", "internal");
  await look();
  const firing = async () => (await listAlerts(core, now)).data.filter(({ state }) => state === "firing");
  // Of so few, together with those before, nothing is said yet.
  for (let i = 0; i < 6; i++) {
    expect(await firing()).toEqual([]);
    await count("a", "ok", 2.5);
    await count("b", "internal");
    await count("b", "precondition_failed");
    await count("c", "internal");
    await look();
  }
  expect(await firing()).toEqual([]);
  for (let i = 0; i < 3; i++)
    await count(["a", "b", "b"][i]!, (["ok", "internal", "precondition_failed"] as const)[i]!, 2.5);
  await look();
  expect(await firing()).toMatchObject([
    { name: "checkpointTime", value: expect.closeTo(2.5), threshold: 1 },
    { name: "errorRate", value: expect.closeTo(1 / 3), threshold: 0.1 },
  ]);
});

test("thresholds that are none are refused by name", () => {
  const wrong = (text: string) => () => parseThresholds(text);
  expect(parseThresholds('{"errorRate": 0}')).toEqual({ errorRate: 0 });
  for (const text of ["{", "[]", '{"errorRate": "x"}', '{"errorRate": -1}', '{"colour": 1}', "5"])
    expect(wrong(text), text).toThrow(CairnError);
  const environment = { CAIRN_ALERT_THRESHOLDS: '{"colour": 1, "errorRate": null}' };
  expect(() => parseEnvironment(environment, "worker", true)).toThrow(
    /CAIRN_ALERT_THRESHOLDS\/errorRate: .*CAIRN_ALERT_THRESHOLDS\/colour: unknown/,
  );
});

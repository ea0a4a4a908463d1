import { Webhook } from "standardwebhooks";
import { afterAll, beforeEach, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { CairnError } from "../../src/model/errors.ts";
import { type AlertOptions, listAlerts, watched } from "../../src/monitoring/alerts.ts";
import type { SweepSummary } from "../../src/recovery/sweep/sweep.ts";
import { parseWebhookSecrets } from "../../src/recovery/wake/secrets.ts";
import { createCore } from "../../src/state/core.ts";
import { startReceiver } from "../recovery/wake/receiver.ts";

const SECRET = `whsec_${btoa("0123456789abcdef01234567")}`;
const receiver = await startReceiver();
afterAll(() => receiver.stop());
beforeEach(() => void receiver.received.splice(0));

/** A service whose sweeps find what they are told to. */
function service(path = "/204", make: () => StorageBackend = memoryBackend, options: AlertOptions = {}) {
  const core = createCore({ backend: make(), webhooks: { allow: [receiver.origin] } });
  const clock = { now: Date.now() };
  const tell = { url: receiver.origin + path, secrets: parseWebhookSecrets(SECRET) };
  const found = { interrupted: 0, drilled: 0, held: 0, more: false };
  const sweep = watched(core, async () => ({ ...found }) as SweepSummary, {
    ...{ tell, now: () => clock.now },
    ...options,
  });
  const look = async (what: Partial<typeof found> = {}, seconds = 60) => {
    clock.now += seconds * 1000;
    Object.assign(found, { interrupted: 0, drilled: 0, held: 0, more: false }, what);
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
  const found = { interrupted: 11, drilled: 0, held: 0, more: false } as SweepSummary;
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
  const found = { interrupted: 11, drilled: 0, held: 0, more: false } as SweepSummary;
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

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import type { AssembledService } from "../../src/http/assemble.ts";
import { openService } from "../../src/http/in-node.ts";
import { type Answer, Client, expectProblem, newId, pipeline } from "../http/contract/client.ts";
import { CONTRACT_API_KEYS } from "../http/contract/keys.ts";
import { readPrometheus, sampleOf } from "../support/prometheus-text.ts";
import { STORES } from "./stores.ts";

const QUOTA = 100_000;
const refused = (answer: Answer) => expectProblem(answer, 507, "quota_exceeded");

/** The quota is tenant one's; tenant two has none. */
const keys = JSON.stringify(
  JSON.parse(CONTRACT_API_KEYS).map((key: { tenant: string; id: string }) =>
    key.id === "alice" ? { ...key, quota: { bytes: QUOTA, pipelines: 6 } } : key,
  ),
);

describe.each(["postgres", "redis", "s3"] as const)(
  "two functions over one %s keep a tenant in its quota",
  (name) => {
    let store: Awaited<ReturnType<(typeof STORES)[typeof name]>>;
    const services: AssembledService[] = [];
    const [here, there] = [0, 1].map(
      (i) =>
        new Client(() => ({
          fetch: async (path, init) => services[i]!.app.fetch(new Request(`http://localhost${path}`, init)),
        })),
    ) as [Client, Client];
    const MERGE = { headers: { "Content-Type": "application/merge-patch+json" } };
    const BYTES = { headers: { "Content-Type": "application/octet-stream" } };
    let seed = 0;
    const put = (client: Client, id: string, bytes: number) =>
      client.put(`${pipeline(id)}/state`, noise(bytes, ++seed), BYTES);
    let ahead = 0;
    const later = (seconds: number) => {
      ahead += seconds * 1000;
      vi.useFakeTimers({ toFake: ["Date"], now: performance.timeOrigin + performance.now() + ahead });
    };
    /** The next sweep that counts every tenant. */
    const counted = async () => {
      later(301);
      await services[0]!.sweep();
    };

    beforeAll(async () => {
      store = await STORES[name]();
      // The SDK finds its credentials by itself.
      for (const [variable, value] of Object.entries(store.env)) vi.stubEnv(variable, value);
      for (let i = 0; i < 2; i++) services.push(await openService({ ...store.env, CAIRN_API_KEYS: keys }));
    });
    afterAll(async () => {
      vi.useRealTimers();
      vi.unstubAllEnvs();
      for (const service of services) await service.close();
      await store.stop();
    });

    test("whatever adds is refused, whatever recovers, ends or frees is not", async () => {
      const [big, small, other, json] = [newId(), newId(), newId(), newId()];
      await here.save(json, { step: 1 });
      expect((await put(here, small, 20_000)).status).toBe(201);
      const kept = (await here.post(`${pipeline(small)}/checkpoints`)).json();
      expect((await put(here, big, 79_000)).status).toBe(201);
      refused(await put(here, small, 5000));
      refused(await put(here, newId(), 5000));
      // The other function does not know yet what was added here: it is told beside its first commit.
      expect((await put(there, other, 5000)).status).toBe(201);
      await counted();
      expect((await put(there, other, 5001)).status).toBe(200);
      for (const client of [here, there]) {
        refused(await put(client, other, 5002));
        refused(await client.patch(`${pipeline(json)}/state`, '{"step":2}', MERGE));
        refused(await client.post(`${pipeline(small)}/checkpoints`, {}));
        const fork = { pipelineId: newId() };
        refused(await client.post(`${pipeline(small)}/fork`, fork));
        refused(await client.put(pipeline(newId()), {}));
        const upload = (await client.post(`${pipeline(small)}/uploads`)).json() as unknown as {
          uploadId: string;
        };
        const part = `${pipeline(small)}/uploads/${upload.uploadId}/parts/1`;
        refused(await client.put(part, noise(5000), BYTES));

        expect((await client.put(pipeline(other), { labels: { a: "b" } })).status).toBe(200);
        const lease = { owner: "w", ttlSeconds: 60 };
        const { fence } = (await client.post(`${pipeline(small)}/resume`, lease)).json();
        const headers = { "Cairn-Fence": String(fence) };
        expect((await client.put(`${pipeline(small)}/lease`, {}, { headers })).status).toBe(200);
        const back = { checkpointId: kept.checkpointId };
        expect((await client.post(`${pipeline(small)}/rollback`, back, { headers })).status).toBe(200);
        expect((await client.delete(`${pipeline(small)}/lease`, { headers })).status).toBe(204);
        expect((await client.get(`${pipeline(big)}/state`)).bytes).toHaveLength(79_000);
        expect((await client.put(`${pipeline(newId())}/state`, "{}", { as: "bob" })).status).toBe(201);
      }
      expect((await here.patch(pipeline(small), { status: "completed" })).status).toBe(200);

      const samples = readPrometheus((await here.get("/metrics")).text);
      expect(sampleOf(samples, "cairn_quota_bytes", { tenant: "one" })).toBe(QUOTA);
      expect(sampleOf(samples, "cairn_stored_bytes", { tenant: "one" })).toBeGreaterThan(QUOTA);
      const metrics = (await here.get("/v1/metrics")).json() as unknown as Record<string, unknown>;
      expect(metrics).toMatchObject({ quota: { bytes: QUOTA, pipelines: 6 } });
      expect(metrics.storageUtilization).toBeGreaterThan(1);
      const { data } = (await here.get("/v1/alerts", { as: "admin" })).json() as unknown as {
        data: { name: string; state: string }[];
      };
      expect(data.find(({ name }) => name === "storageUsage")).toMatchObject({ state: "firing" });

      expect((await here.delete(pipeline(big))).status).toBe(204);
      expect((await put(here, other, 5003)).status).toBe(200);
      refused(await put(there, other, 5004));
      await counted();
      expect((await put(there, other, 5004)).status).toBe(200);
      for (const id of [small, other, json]) await here.delete(pipeline(id));
    });

    test("pipelines as well, whoever made them", async () => {
      await counted();
      const ids = Array.from({ length: 6 }, newId);
      for (const id of ids.slice(0, 3)) expect((await put(here, id, 10)).status).toBe(201);
      await counted();
      later(61);
      expect((await put(there, ids[0]!, 11)).status).toBe(200);
      for (const id of ids.slice(3)) expect((await there.put(pipeline(id), {})).status).toBe(201);
      refused(await there.put(pipeline(newId()), {}));
      refused(await put(there, newId(), 10));
      expect((await put(there, ids[5]!, 10)).status).toBe(201);
      expect((await put(here, ids[1]!, 12)).status).toBe(200);
      expect((await there.delete(pipeline(ids[0]!))).status).toBe(204);
      expect((await put(there, newId(), 10)).status).toBe(201);
    });
  },
);

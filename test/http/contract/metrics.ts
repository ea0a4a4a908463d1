import { describe, expect, it } from "vitest";
import type { StateMetrics } from "../../../src/monitoring/state-metrics.ts";
import { readPrometheus, type Sample, sampleOf } from "../../support/prometheus-text.ts";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

type As = { as?: "alice" | "bob" | "reader" | "writer" | "admin" };

export function metricsContract(client: Client): void {
  const scraped = async (extras: As = {}) => readPrometheus((await client.get("/metrics", extras)).text);
  const shown = async (extras: As = {}) =>
    (await client.get("/v1/metrics", extras)).json() as unknown as StateMetrics;
  const outcomes = (samples: Sample[], operation: string, code: string) =>
    sampleOf(samples, "cairn_operations_total", { tenant: "one", operation, code });

  describe("metrics", () => {
    it("count every outcome once, with durations that add up and bytes", async () => {
      const before = await scraped();
      const id = newId();
      for (let i = 0; i < 3; i++) await client.save(id, { i });
      await client.get(`${pipeline(id)}/state`);
      await client.get(`${pipeline(newId())}/state`);
      await client.put(`${pipeline(id)}/state`, "{}", { headers: { "If-Match": '"1"' } });
      const after = await scraped();
      const more = (operation: string, code: string) =>
        outcomes(after, operation, code) - outcomes(before, operation, code);
      expect(more("saveState", "ok")).toBe(3);
      expect(more("saveState", "precondition_failed")).toBe(1);
      expect(more("loadState", "ok")).toBe(1);
      expect(more("loadState", "not_found")).toBe(1);
      const labels = { tenant: "one", operation: "saveState" };
      const saves = outcomes(after, "saveState", "ok");
      expect(sampleOf(after, "cairn_operation_seconds_count", labels)).toBe(saves);
      expect(sampleOf(after, "cairn_operation_seconds_bucket", { ...labels, le: "+Inf" })).toBe(saves);
      expect(sampleOf(after, "cairn_operation_seconds_sum", labels)).toBeGreaterThan(0);
      const buckets = after.filter(
        ({ name, labels: own }) => name.endsWith("_bucket") && own.operation === "saveState",
      );
      const bounds = buckets.map(({ labels: own }) => Number(own.le!.replace("+Inf", "Infinity")));
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
      const counts = buckets.map(({ value }) => value);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      const sent = { tenant: "one", operation: "loadState" };
      const bytes = (samples: Sample[]) => sampleOf(samples, "cairn_sent_bytes_total", sent);
      expect(bytes(after) - bytes(before)).toBe('{"i":2}'.length);
    });

    it("of pipelines, checkpoints and bytes are those of the records", async () => {
      const as = { as: "bob" } as const;
      const before = await shown(as);
      const [done, kept, gone] = [newId(), newId(), newId()];
      for (const id of [done, kept, gone]) await client.put(`${pipeline(id)}/state`, { id }, as);
      await client.patch(pipeline(done), { status: "completed" }, as);
      for (let i = 0; i < 3; i++) await client.post(`${pipeline(kept)}/checkpoints`, { data: { i } }, as);
      await client.delete(pipeline(gone), as);
      const after = await shown(as);
      expect(after.pipelines.completed - before.pipelines.completed).toBe(1);
      expect(after.pipelines.running - before.pipelines.running).toBe(1);
      expect(after.checkpoints - before.checkpoints).toBe(3);
      expect(after.truncated).toBe(false);
      const [name] = Object.keys(after.bytesByBackend);
      const listed = (await client.get(`${pipeline(kept)}/checkpoints`, as)).json().data;
      const heads = await Promise.all(
        [done, kept].map(async (id) => (await client.get(pipeline(id), as)).json()),
      );
      const stored = [...listed, ...heads].reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      expect(after.bytesByBackend[name!]! - before.bytesByBackend[name!]!).toBe(stored);
    });

    it("tell the shares: of failed recoveries, of errors, of the budget", async () => {
      const as = { as: "bob" } as const;
      const id = newId();
      await client.put(pipeline(id), { policy: { storageBudgetBytes: 1_000_000 } }, as);
      expectProblem(await client.post(`${pipeline(id)}/recover`, {}, as), 409, "unrecoverable");
      await client.put(`${pipeline(id)}/state`, { id }, as);
      await client.post(`${pipeline(id)}/checkpoints`, {}, as);
      expect((await client.post(`${pipeline(id)}/recover`, {}, as)).status).toBe(200);
      const metrics = await shown(as);
      for (const share of ["storageUtilization", "recoverySuccessRate", "errorRate"] as const) {
        expect(metrics[share], share).toBeGreaterThan(0);
        expect(metrics[share], share).toBeLessThan(1);
      }
      const { avgCheckpointSeconds, p50CheckpointSeconds, p99CheckpointSeconds } = metrics;
      expect(avgCheckpointSeconds).toBeGreaterThan(0);
      expect(p50CheckpointSeconds).toBeGreaterThan(0);
      expect(p99CheckpointSeconds).toBeGreaterThanOrEqual(p50CheckpointSeconds!);
    });

    it("are a tenant's own, and need the scope read", async () => {
      const samples = await scraped({ as: "bob" });
      const tenants = new Set(samples.map(({ labels }) => labels.tenant));
      tenants.delete(undefined);
      expect(tenants).toEqual(new Set(["two"]));
      for (const path of ["/metrics", "/v1/metrics"]) {
        expectProblem(await client.get(path, { as: "writer" }), 403, "forbidden");
        expectProblem(await client.get(path, { as: null }), 401, "unauthorized");
        expect((await client.get(path, { as: "reader" })).status).toBe(200);
      }
    });

    it("tell the operator alone of alerts and sweeps", async () => {
      const own = (samples: Sample[]) => samples.filter(({ labels }) => labels.tenant === undefined);
      expect(own(await scraped({ as: "reader" }))).toEqual([]);
      const names = new Set(own(await scraped({ as: "admin" })).map(({ name }) => name));
      for (const name of ["cairn_alert_firing", "cairn_alert_threshold", "cairn_sweeps_total"])
        expect(names).toContain(name);
    });
  });
}

import { expect, test } from "vitest";
import { RELATIVE_ERROR } from "../../src/monitoring/histogram.ts";
import { sampleOf } from "../support/prometheus-text.ts";
import { mixedOperations } from "./mixed-operations.ts";
import { STORES } from "./stores.ts";

test.each(["postgres", "redis"] as const)(
  "two processes over one %s count every outcome exactly, and quantiles within their error",
  { timeout: 180_000 },
  async (name) => {
    const store = await STORES[name]();
    try {
      const { known, saves, scraped, metrics } = await mixedOperations(store.env, 5000);
      const counted = scraped.filter((sample) => sample.name === "cairn_operations_total");
      const found = counted.map(({ labels, value }) => [`${labels.operation}/${labels.code}`, value]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(known));
      const labels = { operation: "saveState" };
      const saved = known.get("saveState/ok")!;
      expect(sampleOf(scraped, "cairn_operation_seconds_count", labels)).toBe(saved);
      expect(metrics.pipelines.running).toBe(saved);

      expect(saves).toHaveLength(saved);
      const mean = saves.reduce((sum, seconds) => sum + seconds) / saved;
      expect(metrics.avgCheckpointSeconds).toBeCloseTo(mean, 9);
      saves.sort((a, b) => a - b);
      const told = { 0.5: metrics.p50CheckpointSeconds!, 0.99: metrics.p99CheckpointSeconds! };
      for (const [q, seconds] of Object.entries(told)) {
        const exact = saves[Math.floor(Number(q) * (saved - 1))]!;
        expect(Math.abs(seconds / exact - 1), `quantile ${q}`).toBeLessThan(RELATIVE_ERROR + 1e-9);
      }
    } finally {
      await store.stop();
    }
  },
);

import { expect, test } from "vitest";
import { sampleOf } from "../support/prometheus-text.ts";
import { mixedOperations } from "./mixed-operations.ts";
import { STORES } from "./stores.ts";

test.each(["postgres", "redis"] as const)(
  "two processes over one %s count every outcome exactly",
  async (name) => {
    const store = await STORES[name]();
    try {
      const { known, scraped } = await mixedOperations(store.env, 400);
      const counted = scraped.filter((sample) => sample.name === "cairn_operations_total");
      const found = counted.map(({ labels, value }) => [`${labels.operation}/${labels.code}`, value]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(known));
      const labels = { operation: "saveState" };
      expect(sampleOf(scraped, "cairn_operation_seconds_count", labels)).toBe(known.get("saveState/ok"));
    } finally {
      await store.stop();
    }
  },
);

import { expect, test } from "vitest";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { sampleOf } from "../support/prometheus-text.ts";
import { mixedOperations } from "./mixed-operations.ts";

const STORES = {
  postgres: async () => {
    const server = await startPostgres();
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    await migrate(runner);
    await runner.close();
    return { env: { CAIRN_BACKEND: "postgres", DATABASE_URL: server.url }, stop: () => server.stop() };
  },
  redis: async () => {
    const server = await startRedis();
    return { env: { CAIRN_BACKEND: "redis", REDIS_URL: server.url }, stop: () => server.stop() };
  },
};

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

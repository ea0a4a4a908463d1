import { type Core, metricsKey } from "../state/core.ts";
import type { MetricsSource, MetricsTotals } from "./alert-rules.ts";
import { countsOf } from "./counts.ts";
import { totalsOf } from "./state-metrics.ts";

const AT_ONCE = 16;

/** What alerts are made of, of all these tenants together: one call of the store for each of them. */
export function serviceMetrics(
  { backend }: Pick<Core, "backend">,
  tenants: readonly string[],
): MetricsSource {
  return {
    async totals() {
      const sum: MetricsTotals = {
        ...{ operations: 0, errors: 0, checkpoints: 0, checkpointSeconds: 0 },
        storageUsage: null,
      };
      for (let from = 0; from < tenants.length; from += AT_ONCE) {
        const some = tenants.slice(from, from + AT_ONCE);
        const sums = await Promise.all(some.map((tenant) => backend.sums(metricsKey(tenant))));
        for (const totals of sums.map((each) => totalsOf(countsOf(each)))) {
          sum.operations += totals.operations;
          sum.errors += totals.errors;
          sum.checkpoints += totals.checkpoints;
          sum.checkpointSeconds += totals.checkpointSeconds;
        }
      }
      return sum;
    },
  };
}

import { type Core, metricsKey } from "../state/core.ts";
import type { MetricsSource, MetricsTotals } from "./alert-rules.ts";
import { countsOf } from "./counts.ts";
import { totalsOf } from "./state-metrics.ts";

const AT_ONCE = 16;

/** What alerts are made of, of all these tenants together: one call of the store for each of them. */
export function serviceMetrics(core: Core, tenants: readonly string[]): MetricsSource {
  return {
    async totals() {
      const none = { operations: 0, errors: 0, checkpoints: 0, checkpointSeconds: 0 };
      const sum: MetricsTotals = { ...none, storageUsage: await fullest(core) };
      for (let from = 0; from < tenants.length; from += AT_ONCE) {
        const some = tenants.slice(from, from + AT_ONCE);
        const sums = await Promise.all(some.map((tenant) => core.backend.sums(metricsKey(tenant))));
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

/** The share that the tenant has used which has used most of its quota of bytes; null where nobody has one. */
async function fullest(core: Core): Promise<number | null> {
  const { quotas } = core;
  const shares: number[] = [];
  for (const [tenant, { bytes }] of quotas?.limits ?? []) {
    const used = Number.isFinite(bytes) ? await quotas!.usage(core, tenant) : null;
    if (used) shares.push(used.bytes / bytes);
  }
  return shares.length > 0 ? Math.max(...shares) : null;
}

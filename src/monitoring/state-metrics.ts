import { ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import type { Status } from "../model/pipeline.ts";
import { type Core, metricsKey } from "../state/core.ts";
import type { Quota } from "../state/quota-rules.ts";
import type { MetricsTotals } from "./alert-rules.ts";
import { type Counts, countsOf, type OperationCounts } from "./counts.ts";
import { type Facts, factsOf, sum } from "./facts.ts";
import { addBins, quantile } from "./histogram.ts";

/** How a tenant's pipelines do. A share is null while there is nothing to take it of. */
export interface StateMetrics {
  /** What a save or a checkpoint takes; the percentiles are within 8.7 % of the true ones. */
  avgCheckpointSeconds: number | null;
  p50CheckpointSeconds: number | null;
  p99CheckpointSeconds: number | null;
  /**
   * Of the tenant's quota of bytes; without one, of the storage budgets of the pipelines that have one. 0 to 1, and
   * beyond.
   */
  storageUtilization: number | null;
  /** Of resumes, recoveries and rollbacks that were not refused for what the caller asked. */
  recoverySuccessRate: number | null;
  /** Of all operations, those that failed for what the caller is not to blame. */
  errorRate: number | null;
  /**
   * Share of the pipelines' run time that went into saves and checkpoints, at most: those that run side by side count
   * each for itself, and together for no more than all of it.
   */
  checkpointOverhead: number | null;
  pipelines: Record<Status, number>;
  checkpoints: number;
  bytesByBackend: Record<string, number>;
  /** What the tenant may have; null: any number. */
  quota: { bytes: number | null; pipelines: number | null };
  /** There are more pipelines than were looked at: their counts and bytes, and the utilization, are of those that were. */
  truncated: boolean;
  /** What the rates are made of, ever since: between two looks it is their difference that counts. */
  totals: Omit<MetricsTotals, "storageUsage">;
}

/** Operations that make a durable recovery point. */
const SAVES = ["saveState", "patchState", "createCheckpoint"];
const RECOVERIES = ["resume", "recover", "rollback"];

/** As it is in the store, with what this process has counted. */
export async function stateMetricsOf(core: Core, tenant: string): Promise<StateMetrics> {
  const [counts, facts] = await Promise.all([readCounts(core, tenant), factsOf(core, tenant)]);
  return stateMetrics(counts, facts, core.backend.name, core.quotas?.limits.get(tenant));
}

export async function readCounts(core: Core, tenant: string): Promise<Counts> {
  await core.tally.flush();
  return countsOf(await core.backend.sums(metricsKey(tenant)));
}

function stateMetrics(counts: Counts, facts: Facts, backend: string, quota?: Quota): StateMetrics {
  const saves = named(counts, SAVES);
  const totals = totalsOf(counts);
  const limited = finite(quota?.bytes);
  const overhead = share(totals.checkpointSeconds, counts.runSeconds);
  const bins = addBins(saves.map((each) => each.bins));
  const recoveries = outcomes(named(counts, RECOVERIES));
  return {
    avgCheckpointSeconds: share(totals.checkpointSeconds, totals.checkpoints),
    p50CheckpointSeconds: quantile(bins, 0.5),
    p99CheckpointSeconds: quantile(bins, 0.99),
    storageUtilization: limited ? share(facts.bytes, limited) : share(facts.budgetedBytes, facts.budgetBytes),
    recoverySuccessRate: share(recoveries.ok, recoveries.ok + recoveries.failed),
    errorRate: share(totals.errors, totals.operations),
    checkpointOverhead: overhead && Math.min(1, overhead),
    pipelines: facts.byStatus,
    checkpoints: facts.checkpoints,
    bytesByBackend: { [backend]: facts.bytes },
    quota: { bytes: limited, pipelines: finite(quota?.pipelines) },
    truncated: facts.truncated,
    totals,
  };
}

function finite(limit = Number.POSITIVE_INFINITY): number | null {
  return Number.isFinite(limit) ? limit : null;
}

/** What alerts are made of, ever since. */
export function totalsOf(counts: Counts): StateMetrics["totals"] {
  const saves = named(counts, SAVES);
  const { ok, refused, failed } = outcomes([...counts.operations.values()]);
  return {
    operations: ok + refused + failed,
    errors: failed,
    checkpoints: outcomes(saves).ok,
    checkpointSeconds: sum(saves.map(({ seconds }) => seconds)),
  };
}

function named({ operations }: Counts, names: readonly string[]): OperationCounts[] {
  return names.flatMap((name) => operations.get(name) ?? []);
}

/** Refused: for what the caller asked or knew. */
function outcomes(operations: readonly OperationCounts[]): { ok: number; refused: number; failed: number } {
  const counted = { ok: 0, refused: 0, failed: 0 };
  for (const { codes } of operations) for (const [code, count] of codes) counted[outcome(code)] += count;
  return counted;
}

/** What a code says of the service. */
export function outcome(code: string): "ok" | "refused" | "failed" {
  if (code === "ok") return "ok";
  // A code that is not known is a later release's.
  const status = ERROR_CODES[code as ErrorCode]?.status ?? 500;
  if (code === "quota_exceeded") return "refused";
  return code === "unrecoverable" || status >= 500 ? "failed" : "refused";
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

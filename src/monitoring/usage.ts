import { meter } from "../recovery/sweep/budget.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import { type Core, withBackend } from "../state/core.ts";
import { readNote, writeNote } from "../state/operator.ts";
import type { Quota, Usage } from "../state/quota-rules.ts";
import { type Count, type Quotas, USAGE_NOTE } from "../state/quotas.ts";
import { bytesTaken } from "./facts.ts";

/** The count under way, and where it goes on. */
interface Walk extends Count {
  page: string | null;
}

interface UsageNote {
  counts: Count[];
  walk: Walk | null;
}

/** Of the store in one sweep, about: what is left to be counted the next sweep counts. */
const BUDGET = { calls: 200, seconds: 5 };
const PIPELINES = 50;
/** So often is a tenant counted, */
const EVERY_MS = 300_000;
/** and each sweep when it has half of a quota: then it matters who adds, and who has made room. */
const SOON_MS = 30_000;

/** A sweep, and then a count of what the tenants with a quota have. A count that fails fails no sweep. */
export function counting(core: Core, quotas: Quotas, sweep: () => Promise<SweepSummary>): typeof sweep {
  return async () => {
    const summary = await sweep();
    await countUsage(core, quotas).catch(() => {});
    return summary;
  };
}

/**
 * Walks past the pipelines of the tenants whose turn it is, and keeps what it found in a note: of sweeps that overlap,
 * one writes it. With P pipelines, C of them with several checkpoints, a count takes P / 50 + C calls of the store.
 *
 * @param now epoch milliseconds
 */
export async function countUsage(
  core: Core,
  quotas: Quotas,
  now: () => number = Date.now,
  budget = BUDGET,
): Promise<void> {
  const metered = meter(core.backend, budget, now);
  const view = withBackend(core, metered.backend);
  const { version, value } = await readNote<UsageNote>(view, USAGE_NOTE);
  const { limits } = quotas;
  const started = now();
  const known = (value?.counts ?? []).filter(({ tenant }) => limits.has(tenant));
  const counts = new Map(known.map((count) => [count.tenant, count]));
  const begin = () => begun(counts, limits, started, now());
  let walk = value?.walk && limits.has(value.walk.tenant) ? value.walk : begin();
  if (walk) {
    while (walk && metered.left() > PIPELINES + 1) {
      const { tenant, page: cursor } = walk;
      const page = await view.backend.pipelines(
        tenant,
        {},
        { limit: PIPELINES, ...(cursor ? { cursor } : {}) },
      );
      const bytes = await bytesTaken(view, page.data);
      const count: Count = {
        ...{ tenant, at: walk.at, pipelines: walk.pipelines + page.data.length },
        bytes: bytes.reduce((sum, each) => sum + each, walk.bytes),
      };
      walk = { ...count, page: page.cursor };
      if (page.cursor !== null) continue;
      counts.set(tenant, count);
      walk = begin();
    }
    if (!(await writeNote(view, USAGE_NOTE, version, { counts: [...counts.values()], walk }))) return;
  }
  quotas.learn([...counts.values()]);
}

/** A new count of the tenant whose last is the oldest, if one is due. */
function begun(
  counts: ReadonlyMap<string, Count>,
  limits: ReadonlyMap<string, Quota>,
  started: number,
  at: number,
): Walk | null {
  const due = [...limits]
    .map(([tenant, quota]) => ({ tenant, since: dueSince(counts.get(tenant), quota) }))
    .filter(({ since }) => since <= started)
    .sort((a, b) => a.since - b.since);
  return due[0] ? { tenant: due[0].tenant, at, bytes: 0, pipelines: 0, page: null } : null;
}

function dueSince(count: Count | undefined, quota: Quota): number {
  if (!count) return Number.NEGATIVE_INFINITY;
  return count.at + (fullness(count, quota) >= 0.5 ? SOON_MS : EVERY_MS);
}

function fullness(used: Usage, quota: Quota): number {
  return Math.max(used.bytes / quota.bytes, used.pipelines / quota.pipelines);
}

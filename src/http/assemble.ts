import type { StorageBackend } from "../backends/types.ts";
import { watched } from "../monitoring/alerts.ts";
import { serviceMetrics } from "../monitoring/service-metrics.ts";
import { counting } from "../monitoring/usage.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import { sweeper } from "../recovery/sweep/sweeper.ts";
import { createCore } from "../state/core.ts";
import { quotas } from "../state/quotas.ts";
import { type AppDependencies, createApp } from "./app.ts";
import { quotasOf, tenantsOf } from "./auth.ts";
import type { ServiceSettings } from "./environment.ts";

/** What a runtime serves, and what it runs on a schedule. */
export interface AssembledService {
  app: ReturnType<typeof createApp>;
  sweep: () => Promise<SweepSummary>;
  /** What is still to be written is, and the store's connections are given back. */
  close: () => Promise<void>;
}

/** What a runtime has of its own. */
export type Runtime = Pick<AppDependencies, "frozen">;

/** The service over a store that is open. */
export function assemble(
  backend: StorageBackend,
  {
    frames,
    webhookAllow,
    webhookSecrets,
    log,
    drill,
    quota,
    alertUrl: url,
    alertThresholds: thresholds,
    ...settings
  }: Omit<ServiceSettings, "store">,
  runtime: Runtime = {},
): AssembledService {
  const tenants = tenantsOf(settings.keys);
  const limits = quotasOf(settings.keys, quota);
  const limited = limits.size > 0 ? quotas(limits) : undefined;
  const core = createCore({ backend, frames, webhooks: { allow: webhookAllow }, quotas: limited });
  const tell = url && webhookSecrets ? { url, secrets: webhookSecrets } : undefined;
  const metrics = serviceMetrics(core, tenants);
  const swept = sweeper(core, { webhookSecrets, drill: { ...drill, tenants } });
  const counted = limited ? counting(core, limited, swept) : swept;
  const sweep = watched(core, counted, { tell, thresholds, metrics });
  const close = () => core.tally.close().then(() => backend.close());
  const told = log === "json" ? { log: writeLine } : {};
  return { app: createApp({ core, sweep, ...settings, ...told, ...runtime }), sweep, close };
}

/** On the platform's log. */
function writeLine(event: object): void {
  console.log(JSON.stringify(event));
}

import type { StorageBackend } from "../backends/types.ts";
import { watched } from "../monitoring/alerts.ts";
import { serviceMetrics } from "../monitoring/service-metrics.ts";
import { emf } from "../monitoring/sinks/emf.ts";
import { logSink } from "../monitoring/sinks/log.ts";
import { otlpSinks } from "../monitoring/sinks/otlp.ts";
import { type Sink, sinksOf } from "../monitoring/sinks/sink.ts";
import { counting } from "../monitoring/usage.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import { sweeper } from "../recovery/sweep/sweeper.ts";
import { createCore } from "../state/core.ts";
import { quotas } from "../state/quotas.ts";
import { createApp } from "./app.ts";
import { quotasOf, tenantsOf } from "./auth.ts";
import type { ServiceSettings } from "./environment.ts";

/** What a runtime serves, and what it runs on a schedule. */
export interface AssembledService {
  app: ReturnType<typeof createApp>;
  sweep: () => Promise<SweepSummary>;
  /** What is still to be told or written is, and the store's connections are given back. */
  close: () => Promise<void>;
}

/** What a runtime has of its own. */
export interface Runtime {
  /** Writes a line on the platform's log. @default console.log */
  writeLine?: (line: string) => void;
  /** Beside those that the settings name. @default none */
  sinks?: readonly Sink[];
}

/** The service over a store that is open. */
export function assemble(
  backend: StorageBackend,
  {
    frames,
    webhookAllow,
    webhookSecrets,
    log,
    otlp,
    drill,
    quota,
    alertUrl: url,
    alertThresholds: thresholds,
    ...settings
  }: Omit<ServiceSettings, "store">,
  { writeLine = console.log, sinks: more = [] }: Runtime = {},
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
  const lines = log === "none" ? [] : [logSink(writeLine, log === "emf" ? emf(otlp.serviceName) : undefined)];
  const sinks = sinksOf([...lines, ...otlpSinks(otlp), ...more], core.tally);
  const close = async () => {
    // What they do not take is counted.
    await sinks.close();
    await core.tally.close();
    await backend.close();
  };
  return { app: createApp({ core, sweep, sinks, ...settings }), sweep, close };
}

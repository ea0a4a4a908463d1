import { operatorCounts } from "../../monitoring/alerts.ts";
import { operatorText, PROMETHEUS_TYPE, prometheusText } from "../../monitoring/prometheus.ts";
import { readCounts, stateMetricsOf } from "../../monitoring/state-metrics.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";
import { StateMetrics } from "../schemas.ts";
import { answer } from "./shared.ts";

const show = route({
  method: "GET",
  path: "/v1/metrics",
  operationId: "getMetrics",
  summary: "How the pipelines do",
  description:
    "Pipelines, checkpoints and bytes are those of the records; rates and durations are counted by all functions together, which add what they counted some seconds later. A share is null while there is nothing to take it of. It looks at 10,000 pipelines and lists the checkpoints of 500 of them; `truncated` when there are more. `storageUtilization` is of the tenant's `quota` of bytes, else of the budgets of its pipelines.",
  tag: "Service",
  scope: "read",
  answers: { 200: answer("The metrics of the key's tenant", StateMetrics) },
  handle: async ({ core, key }) => json(200, await stateMetricsOf(core, key.tenant)),
});

const scrape = route({
  method: "GET",
  path: "/metrics",
  operationId: "scrapeMetrics",
  summary: "The counters, for Prometheus",
  description:
    "Those of the key's tenant, from all functions together: it does not matter which one is scraped. With the scope `admin` also the alerts and what sweeps have done, of the whole service. With a quota also what there is of it, as the sweep counted it. Takes one call of the store, and one more for each of these.",
  tag: "Service",
  scope: "read",
  answers: {
    200: { description: "Prometheus text format", content: { [PROMETHEUS_TYPE]: {} } },
  },
  async handle({ core, key, identity }) {
    const { quotas } = core;
    const [counts, usage, operator] = await Promise.all([
      readCounts(core, key.tenant),
      quotas?.usage(core, key.tenant) ?? null,
      identity.scopes.includes("admin") ? operatorCounts(core, Date.now()) : null,
    ]);
    const text =
      prometheusText(key.tenant, counts, usage, quotas?.limits.get(key.tenant)) +
      (operator ? operatorText(operator) : "");
    return new Response(text, { headers: { "Content-Type": PROMETHEUS_TYPE, "Cache-Control": "no-store" } });
  },
});

export const metricsRoutes: readonly Route[] = [show, scrape];

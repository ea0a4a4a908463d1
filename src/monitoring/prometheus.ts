import type { Quota, Usage } from "../state/quota-rules.ts";
import type { AlertView } from "./alert-rules.ts";
import type { Swept } from "./alerts.ts";
import type { Counts, OperationCounts } from "./counts.ts";
import { cumulative, totalOf } from "./histogram.ts";

/** The text format that every scraper of Prometheus metrics reads. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [suffix: string, labels: Labels, value: number];

/** The counters of a tenant as Prometheus scrapes them. */
export function prometheusText(tenant: string, counts: Counts, usage: Usage | null, quota?: Quota): string {
  const { operations, runSeconds, dropped, drilled } = counts;
  const sorted = [...operations].sort(([a], [b]) => (a < b ? -1 : 1));
  const each = (samples: (labels: Labels, counts: OperationCounts) => Sample[]) =>
    sorted.flatMap(([operation, counts]) => samples({ tenant, operation }, counts));
  const outcomes = each((labels, { codes }) =>
    [...codes].sort().map(([code, count]) => ["", { ...labels, code }, count]),
  );
  const durations = each((labels, counts) => (totalOf(counts.bins) > 0 ? histogram(labels, counts) : []));
  return [
    ...family("cairn_operations_total", "counter", "Operations, by outcome.", outcomes),
    ...family("cairn_operation_seconds", "histogram", "Durations of operations that went well.", durations),
    ...family(
      "cairn_received_bytes_total",
      "counter",
      "Bytes of request bodies whose length was declared.",
      each((labels, { bytesIn }) => (bytesIn > 0 ? [["", labels, bytesIn]] : [])),
    ),
    ...family(
      "cairn_sent_bytes_total",
      "counter",
      "Bytes of stored content that was answered.",
      each((labels, { bytesOut }) => (bytesOut > 0 ? [["", labels, bytesOut]] : [])),
    ),
    ...family("cairn_run_seconds_total", "counter", "Run time of pipelines, as far as saves tell.", [
      ["", { tenant }, runSeconds],
    ]),
    ...family(
      "cairn_sink_dropped_total",
      "counter",
      "Operations that a sink did not take.",
      [...dropped].sort().map(([sink, count]) => ["", { tenant, sink }, count]),
    ),
    ...family(
      "cairn_drill_checkpoints_total",
      "counter",
      "Checkpoints that the restore drill read back, by what it found.",
      [...drilled].sort().map(([outcome, count]) => ["", { tenant, outcome }, count]),
    ),
    ...family("cairn_stored_bytes", "gauge", "Bytes of states and checkpoints.", gauge(tenant, usage?.bytes)),
    ...family("cairn_pipelines", "gauge", "Pipelines that there are.", gauge(tenant, usage?.pipelines)),
    ...family("cairn_quota_bytes", "gauge", "The most bytes there may be.", gauge(tenant, quota?.bytes)),
    ...family("cairn_quota_pipelines", "gauge", "The most pipelines.", gauge(tenant, quota?.pipelines)),
    "",
  ].join("\n");
}

/** What is not known, or has no end, is not told. */
function gauge(tenant: string, value = Number.POSITIVE_INFINITY): Sample[] {
  return Number.isFinite(value) ? [["", { tenant }, value]] : [];
}

/** What only the operator may see: the alerts, and what sweeps have done. */
export function operatorText({ alerts, swept }: { alerts: AlertView[]; swept: Partial<Swept> }): string {
  const { sweeps = 0, seconds = 0, calls = 0, ...outcomes } = swept;
  const of = (sample: (alert: AlertView) => number | null): Sample[] =>
    alerts.flatMap((alert) => {
      const value = sample(alert);
      return value === null ? [] : [["", { alert: alert.name }, value]];
    });
  return [
    ...family(
      "cairn_alert_firing",
      "gauge",
      "1 while the alert fires.",
      of(({ state }) => Number(state === "firing")),
    ),
    ...family(
      "cairn_alert_value",
      "gauge",
      "What was measured at the last look.",
      of(({ value }) => value),
    ),
    ...family(
      "cairn_alert_threshold",
      "gauge",
      "Above this the alert fires.",
      of(({ threshold }) => threshold),
    ),
    ...family("cairn_sweeps_total", "counter", "Sweeps that ran.", [["", {}, sweeps]]),
    ...family("cairn_sweep_seconds_total", "counter", "How long they took.", [["", {}, seconds]]),
    ...family("cairn_sweep_calls_total", "counter", "Calls of the store that they made.", [["", {}, calls]]),
    ...family(
      "cairn_sweep_pipelines_total",
      "counter",
      "Pipelines that were due, and what came of it.",
      Object.entries(outcomes).map(([outcome, count]) => ["", { outcome }, count]),
    ),
    "",
  ].join("\n");
}

function histogram(labels: Labels, { bins, seconds }: OperationCounts): Sample[] {
  const count = totalOf(bins);
  return [
    ...cumulative(bins).map(
      (bucket): Sample => ["_bucket", { ...labels, le: String(bucket.seconds) }, bucket.count],
    ),
    ["_bucket", { ...labels, le: "+Inf" }, count],
    ["_sum", labels, seconds],
    ["_count", labels, count],
  ];
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escaped(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

import type { Given } from "../../backends/configuration/given.ts";

/** The variables that OpenTelemetry names for exporters, as text; those of it that are not here have no effect. */
export interface OtlpVariables {
  /** Where `v1/metrics` and `v1/traces` are. @default nowhere: nothing is sent */
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  /** Exactly where metrics go instead. */
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?: string;
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;
  /** Sent along, a secret: `key=value,key=value`, percent-encoded. @default none */
  OTEL_EXPORTER_OTLP_HEADERS?: string;
  /** `http/json`, there is no other. */
  OTEL_EXPORTER_OTLP_PROTOCOL?: string;
  /** Milliseconds, at most 10000. @default 10000 */
  OTEL_EXPORTER_OTLP_TIMEOUT?: string;
  /** @default "cairn" */
  OTEL_SERVICE_NAME?: string;
}

export interface OtlpSettings {
  readonly metricsUrl: string | null;
  readonly tracesUrl: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
}

export function otlpOf(given: Given<OtlpVariables>): OtlpSettings {
  const base = urlOf(given, "OTEL_EXPORTER_OTLP_ENDPOINT")?.replace(/\/$/, "") ?? null;
  const under = (path: string) => (base === null ? null : `${base}/${path}`);
  const metricsUrl = urlOf(given, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") ?? under("v1/metrics");
  const tracesUrl = urlOf(given, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? under("v1/traces");
  const serviceName = given.has("OTEL_SERVICE_NAME") ? given.text("OTEL_SERVICE_NAME") : "cairn";
  const nowhere = { metricsUrl, tracesUrl, headers: {}, timeoutMs: 0, serviceName };
  // What is meant for others in the same environment is none of ours.
  if (metricsUrl === null && tracesUrl === null) return nowhere;
  given.choice("OTEL_EXPORTER_OTLP_PROTOCOL", ["http/json"]);
  const timeoutMs = given.whole("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 1, 10_000);
  return { ...nowhere, timeoutMs, headers: headersOf(given) };
}

/** A URL with a password is one that no request can be made to. */
function urlOf(given: Given<OtlpVariables>, name: keyof OtlpVariables): string | null {
  if (!given.has(name)) return null;
  const url = given.url(name, ["https", "http"]);
  if (URL.canParse(url) && (new URL(url).username || new URL(url).password))
    given.refuse(name, "must not hold a user or a password: OTEL_EXPORTER_OTLP_HEADERS may");
  return url;
}

function headersOf(given: Given<OtlpVariables>): Record<string, string> {
  if (!given.has("OTEL_EXPORTER_OTLP_HEADERS")) return {};
  try {
    const pairs = given.text("OTEL_EXPORTER_OTLP_HEADERS").split(",").map(pairOf);
    return Object.fromEntries(new Headers(pairs));
  } catch {
    given.refuse("OTEL_EXPORTER_OTLP_HEADERS", "must be like api-key=value,other=value");
    return {};
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error("no pair");
  return [text.slice(0, at).trim(), decodeURIComponent(text.slice(at + 1).trim())];
}

import { type Counts, countsOf, incrementsOf, type OperationCounts } from "../counts.ts";
import { exponential, totalOf } from "../histogram.ts";
import type { RequestEvent } from "../request-event.ts";
import { attributes, nanoseconds, SCOPE } from "./otlp-values.ts";

/** What is sent is what came since the last time, so that processes that come and go add up. */
const DELTA = 1;

/** From when until when the events were, epoch milliseconds. */
export interface Window {
  from: number;
  until: number;
}

/**
 * An ExportMetricsServiceRequest. Names and attributes are such that a collector which hands them on to Prometheus gives
 * them the names and labels that `GET /metrics` has.
 */
export function metricsPayload(events: readonly RequestEvent[], window: Window, resource: object): object {
  const counts = countsByTenant(events);
  const metrics = [
    sum("cairn.operations", "{operation}", points(counts, window, outcomes)),
    histogram("cairn.operation", "s", points(counts, window, durations)),
    sum("cairn.received", "By", points(counts, window, bytes("bytesIn"))),
    sum("cairn.sent", "By", points(counts, window, bytes("bytesOut"))),
  ].flat();
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: SCOPE, metrics }] }] };
}

function countsByTenant(events: readonly RequestEvent[]): Map<string, Counts> {
  const sums = new Map<string, Record<string, number>>();
  for (const event of events) {
    const own = sums.get(event.tenant) ?? {};
    sums.set(event.tenant, own);
    for (const [name, by] of Object.entries(incrementsOf(event))) own[name] = (own[name] ?? 0) + by;
  }
  return new Map([...sums].map(([tenant, own]) => [tenant, countsOf(own)]));
}

interface Point {
  /** Beside the tenant and the operation. */
  code?: string;
  value: object;
}

type PointsOf = (counts: OperationCounts) => Point[];

const outcomes: PointsOf = ({ codes }) =>
  [...codes].map(([code, count]) => ({ code, value: { asInt: String(count) } }));

const durations: PointsOf = ({ bins, seconds }) => {
  if (bins.size === 0) return [];
  const { scale, zeroThreshold, zeroCount, offset, counts } = exponential(bins);
  const positive = { offset, bucketCounts: counts.map(String) };
  const count = String(totalOf(bins));
  return [{ value: { count, sum: seconds, scale, zeroThreshold, zeroCount: String(zeroCount), positive } }];
};

const bytes =
  (of: "bytesIn" | "bytesOut"): PointsOf =>
  (counts) =>
    counts[of] > 0 ? [{ value: { asInt: String(counts[of]) } }] : [];

function points(all: ReadonlyMap<string, Counts>, { from, until }: Window, pointsOf: PointsOf): object[] {
  const times = { startTimeUnixNano: nanoseconds(from), timeUnixNano: nanoseconds(until) };
  return [...all].flatMap(([tenant, { operations }]) =>
    [...operations].flatMap(([operation, counts]) =>
      pointsOf(counts).map(({ code, value }) => {
        return { attributes: attributes({ tenant, operation, code }), ...times, ...value };
      }),
    ),
  );
}

function sum(name: string, unit: string, dataPoints: object[]): object[] {
  if (dataPoints.length === 0) return [];
  return [{ name, unit, sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints } }];
}

function histogram(name: string, unit: string, dataPoints: object[]): object[] {
  if (dataPoints.length === 0) return [];
  return [{ name, unit, exponentialHistogram: { aggregationTemporality: DELTA, dataPoints } }];
}

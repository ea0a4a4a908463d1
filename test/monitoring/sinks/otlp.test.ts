import { expect, test } from "vitest";
import {
  attributesOf,
  type HistogramPoint,
  type Received,
  type Span,
  type SumPoint,
  startCollector,
} from "./collector.ts";
import { serviceWith } from "./service.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

function metricsOf(received: readonly Received[], name: string) {
  return received
    .flatMap(({ decoded }) => decoded.resourceMetrics ?? [])
    .flatMap(({ scopeMetrics }) => scopeMetrics[0]!.metrics)
    .filter((metric) => metric.name === name);
}

function sumsOf(received: readonly Received[], name: string): SumPoint[] {
  return metricsOf(received, name).flatMap(({ sum }) => sum!.dataPoints);
}

function histogramsOf(received: readonly Received[], name: string): HistogramPoint[] {
  return metricsOf(received, name).flatMap((metric) => metric.exponentialHistogram!.dataPoints);
}

function spansOf(received: readonly Received[]): Span[] {
  return received
    .flatMap(({ decoded }) => decoded.resourceSpans ?? [])
    .flatMap(({ scopeSpans }) => scopeSpans[0]!.spans);
}

/** Of all data points, the sum for each `tenant/operation/code`. */
function totals<P extends SumPoint | HistogramPoint>(points: readonly P[], value: (point: P) => string) {
  const sums: Record<string, number> = {};
  for (const point of points) {
    const { tenant, operation, code } = attributesOf(point);
    const name = [tenant, operation, code].filter((part) => part !== undefined).join("/");
    sums[name] = (sums[name] ?? 0) + Number(value(point));
  }
  return sums;
}

test("a collector gets what OpenTelemetry's definitions decode, and numbers equal to what was done", async () => {
  const collector = await startCollector();
  const service = serviceWith({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=s%3Dcret, x-tenant=me",
    OTEL_SERVICE_NAME: "cairn-test",
  });
  for (let i = 0; i < 30; i++) await service.save(`p${i}`);
  await service.request("GET", "/v1/pipelines/p1/state", {
    headers: { traceparent: `00-${TRACE}-${PARENT}-01` },
  });
  await service.goOn();
  await collector.got(2);
  for (let i = 0; i < 20; i++) await service.save(`q${i}`, { as: "bob" });
  await service.save("p1", { body: "{" });
  await service.request("GET", "/v1/pipelines/none/state", { as: "bob" });
  await service.request("GET", "/v1/pipelines/p1/state", { as: "stranger" });
  await service.request("GET", "/v1/pipelines/p1", { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
  await service.close();

  expect(collector.received.map(({ path }) => path).sort()).toEqual([
    "/v1/metrics",
    "/v1/metrics",
    "/v1/traces",
    "/v1/traces",
  ]);
  for (const { json, decoded, headers } of collector.received) {
    // What is misspelt, or of another type, is not there any more, or another.
    expect(decoded).toEqual(json);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "api-key": "s=cret",
      "x-tenant": "me",
    });
    const [source] = decoded.resourceMetrics ?? decoded.resourceSpans!;
    expect(attributesOf(source!.resource)).toMatchObject({ "service.name": "cairn-test" });
  }

  const known = {
    ...{ "one/saveState/ok": 30, "one/loadState/ok": 1, "two/saveState/ok": 20 },
    ...{ "one/saveState/invalid_json": 1, "two/loadState/not_found": 1, "/loadState/unauthorized": 1 },
    "one/getPipeline/ok": 1,
  };
  const operations = sumsOf(collector.received, "cairn.operations");
  expect(totals(operations, ({ asInt }) => asInt)).toEqual(known);
  const durations = histogramsOf(collector.received, "cairn.operation");
  const well = { "one/saveState": 30, "one/loadState": 1, "two/saveState": 20, "one/getPipeline": 1 };
  expect(totals(durations, ({ count }) => count)).toEqual(well);
  for (const { scale, zeroCount, positive, count, sum } of durations) {
    const inBuckets = positive.bucketCounts ?? [];
    const all = inBuckets.reduce((total, each) => total + Number(each), Number(zeroCount));
    expect(all).toBe(Number(count));
    // The sum lies between what the bounds of the buckets allow.
    const base = 2 ** (2 ** -scale);
    const most = inBuckets.reduce(
      (total, each, i) => total + Number(each) * base ** (positive.offset + i + 1),
      Number(zeroCount) * 2 ** -14,
    );
    expect(sum).toBeLessThanOrEqual(most * (1 + 1e-9));
  }
  const received = totals(sumsOf(collector.received, "cairn.received"), ({ asInt }) => asInt);
  expect(received).toEqual({ "one/saveState": 30 * 7 + 1, "two/saveState": 20 * 7 });

  const windows = [...new Set(operations.map((each) => `${each.startTimeUnixNano} ${each.timeUnixNano}`))];
  const [first, second] = windows.map((each) => each.split(" "));
  expect(windows).toHaveLength(2);
  expect(second![0]).toBe(first![1]);

  const spans = spansOf(collector.received);
  expect(spans).toHaveLength(54);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(54);
  const child = spans.find(({ parentSpanId }) => parentSpanId === PARENT)!;
  expect(child).toMatchObject({ traceId: TRACE, name: "loadState", kind: 2 });
  expect(BigInt(child.endTimeUnixNano) - BigInt(child.startTimeUnixNano)).toBeGreaterThan(0n);
  expect(attributesOf(child)).toMatchObject({
    tenant: "one",
    "cairn.pipeline_id": "p1",
    "cairn.version": "1",
  });
});

test("what a collector says it has not taken is counted", async () => {
  const collector = await startCollector();
  collector.answer = (response, path) => {
    const rejected = path === "/v1/traces" ? { rejectedSpans: "3" } : { rejectedDataPoints: 1 };
    response.end(JSON.stringify({ partialSuccess: { ...rejected, errorMessage: "too many" } }));
  };
  const service = serviceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  for (let i = 0; i < 10; i++) await service.save(`p${i}`);
  await service.goOn();
  expect([await service.dropped("otlp-traces"), await service.dropped("otlp-metrics")]).toEqual([3, 1]);
});

test("one signal alone goes exactly where it is told, and nothing else anywhere", async () => {
  const collector = await startCollector();
  const service = serviceWith({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` });
  await service.save("p");
  await service.close();
  expect(collector.received.map(({ path }) => path)).toEqual(["/v1/traces"]);
});

test("settings that cannot be are refused, without what they hold", () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://user:hunter2@collector.example",
    OTEL_EXPORTER_OTLP_HEADERS: "hunter2",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_TIMEOUT: "0",
  };
  let message = "";
  try {
    serviceWith(wrong);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const name of Object.keys(wrong)) expect(message.split(`${name}: `)).toHaveLength(2);
  expect(message).not.toContain("hunter2");
});

test("without somewhere to send to, what others are told in the same environment is nobody's mistake", () => {
  expect(() => serviceWith({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).not.toThrow();
});

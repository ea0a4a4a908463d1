import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RequestEvent } from "../../../src/monitoring/request-event.ts";
import { dataPointOf } from "../../../src/monitoring/sinks/analytics.ts";
import { emf } from "../../../src/monitoring/sinks/emf.ts";
import { metricsPayload } from "../../../src/monitoring/sinks/otlp-metrics.ts";

const page = readFileSync(new URL("../../../docs/monitoring.md", import.meta.url), "utf8");

/** Of each row of a section's table, the words in code of its cells. */
function rows(section: string): string[][][] {
  const [, text = ""] = page.split(`\n## ${section}\n`);
  const lines = text.split("\n## ")[0]!.split("\n");
  return lines
    .filter((line) => /^\| `/.test(line))
    .map((line) => line.split("|").map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!)));
}

const event: RequestEvent = {
  ...{ event: "request", at: "2026-01-02T03:04:05.006Z", requestId: "r", traceId: "t", spanId: "s" },
  ...{ parentSpanId: null, sampled: true, tenant: "acme", operation: "saveState", pipelineId: "p" },
  ...{ version: 7, status: 201, code: "ok", seconds: 0.5, bytesIn: 11, bytesOut: 22, storeCalls: 3 },
  storeMs: 4.5,
};

test("the page has every member of the event, and no other", () => {
  const named = rows("The wide event").flatMap((cells) => cells[1]!);
  expect(named.sort()).toEqual(Object.keys(event).sort());
});

test("the page has the columns of a data point, in their order", () => {
  const { blobs = [], doubles = [] } = dataPointOf(event);
  const columns = [
    ...blobs.map((value, i) => [`blob${i + 1}`, value]),
    ...doubles.map((value, i) => [`double${i + 1}`, value]),
  ];
  const told = rows("Workers Analytics Engine").map((cells) => [
    cells[1]![0],
    event[cells[2]![0] as keyof RequestEvent],
  ]);
  expect(told).toEqual(columns);
});

test("the page has CloudWatch's dimensions and metrics", () => {
  const { _aws } = emf("x")(event) as {
    _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
  };
  const told = rows("CloudWatch").map((cells) => [[cells[1]], cells[2]]);
  const made = _aws.CloudWatchMetrics.map(({ Dimensions, Metrics }) => [
    Dimensions,
    Metrics.map(({ Name }) => Name),
  ]);
  expect(told).toEqual(made);
});

test("the page has the names of OTLP, and each as Prometheus calls it", () => {
  const window = { from: 0, until: 1 };
  const { resourceMetrics } = metricsPayload([event], window, {}) as {
    resourceMetrics: { scopeMetrics: { metrics: { name: string }[] }[] }[];
  };
  const made = resourceMetrics[0]!.scopeMetrics[0]!.metrics.map(({ name }) => name);
  const told = rows("OpenTelemetry");
  expect(told.map((cells) => cells[1]![0])).toEqual(made);
  const scraped = rows("Prometheus").map((cells) => cells[1]![0]);
  for (const cells of told) expect(scraped).toContain(cells[4]![0]);
});

import type { AnalyticsEngineDataPoint, AnalyticsEngineDataset } from "@cloudflare/workers-types";
import type { RequestEvent } from "../request-event.ts";
import type { Sink } from "./sink.ts";

/** Bytes; a name of a tenant has ASCII only. */
const LONGEST_INDEX = 96;

/** Workers Analytics Engine: one data point for each request, far below the 250 that an invocation may write. */
export function analyticsSink(dataset: AnalyticsEngineDataset): Sink {
  return { name: "analytics", take: (event) => void dataset.writeDataPoint(dataPointOf(event)) };
}

/** The order is a contract: queries name columns by number (docs/monitoring.md). What is added goes to the ends. */
export function dataPointOf(event: RequestEvent): AnalyticsEngineDataPoint {
  const { tenant, operation, code, pipelineId, requestId, traceId } = event;
  const { seconds, bytesIn, bytesOut, storeCalls, storeMs, status, version } = event;
  return {
    // By which Cloudflare samples: a tenant that calls much does not crowd out the others.
    indexes: [tenant.slice(0, LONGEST_INDEX)],
    blobs: [tenant, operation, code, pipelineId ?? "", requestId, traceId],
    doubles: [seconds, bytesIn, bytesOut, storeCalls, storeMs, status, version ?? 0],
  };
}

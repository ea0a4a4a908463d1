import type { RequestEvent } from "../request-event.ts";

const NAMESPACE = "Cairn";

/** Each set of values that the dimensions have is a metric of its own, and billed as one: so a tenant is none of them. */
const METRICS = [
  {
    Namespace: NAMESPACE,
    Dimensions: [["service", "operation", "code"]],
    Metrics: [{ Name: "seconds", Unit: "Seconds" }],
  },
  {
    Namespace: NAMESPACE,
    Dimensions: [["service"]],
    Metrics: [
      { Name: "bytesIn", Unit: "Bytes" },
      { Name: "bytesOut", Unit: "Bytes" },
      { Name: "storeCalls", Unit: "Count" },
      { Name: "storeMs", Unit: "Milliseconds" },
    ],
  },
];

/** What an event is in CloudWatch's embedded metric format: of a line of the log, CloudWatch makes metrics as well. */
export function emf(service: string): (event: RequestEvent) => object {
  return (event) => {
    return { ...event, service, _aws: { Timestamp: Date.parse(event.at), CloudWatchMetrics: METRICS } };
  };
}

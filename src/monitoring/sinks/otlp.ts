import type { RequestEvent } from "../request-event.ts";
import { metricsPayload, type Window } from "./otlp-metrics.ts";
import type { OtlpSettings } from "./otlp-settings.ts";
import { tracesPayload } from "./otlp-traces.ts";
import { resourceOf } from "./otlp-values.ts";
import { NotTaken, queued } from "./queue.ts";
import type { Sink } from "./sink.ts";

/** OTLP over HTTP, as JSON: a sink for metrics and one for traces, as far as there is somewhere to send them. */
export function otlpSinks(settings: OtlpSettings): Sink[] {
  const { metricsUrl, tracesUrl, serviceName, timeoutMs } = settings;
  const resource = resourceOf(serviceName);
  const sinks: Sink[] = [];
  if (metricsUrl !== null) {
    const windowOf = windows();
    const send = (events: readonly RequestEvent[], signal: AbortSignal) =>
      post(metricsUrl, metricsPayload(events, windowOf(events), resource), settings, signal);
    sinks.push(queued("otlp-metrics", send, timeoutMs));
  }
  if (tracesUrl !== null) {
    const send = (events: readonly RequestEvent[], signal: AbortSignal) =>
      post(tracesUrl, tracesPayload(events, resource), settings, signal);
    sinks.push(onlySampled(queued("otlp-traces", send, timeoutMs)));
  }
  return sinks;
}

/** Each sum is of the time since the one before. */
function windows(): (events: readonly RequestEvent[]) => Window {
  let last = 0;
  return (events) => {
    const [first] = events;
    const from = last || Date.parse(first!.at) - first!.seconds * 1000;
    last = Math.max(from, Date.parse(events.at(-1)!.at));
    return { from, until: last };
  };
}

/** Whose caller does not keep its trace needs no span. */
function onlySampled(sink: Sink): Sink {
  return { ...sink, take: (event) => event.sampled && sink.take(event) };
}

/** @returns how many of what was sent its receiver says it has not taken: operations it cannot tell, data points or spans */
async function post(
  url: string,
  payload: object,
  { headers }: OtlpSettings,
  signal: AbortSignal,
): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(payload),
    // Where the headers are a secret they are for this address only.
    redirect: "manual",
    signal,
  });
  const answer = await response.text();
  if (!response.ok) throw new NotTaken(`the receiver answered ${response.status}`);
  return rejectedOf(answer);
}

/** A receiver may answer nothing, or nothing that can be read: then it has taken all. */
function rejectedOf(answer: string): number {
  try {
    const { rejectedDataPoints, rejectedSpans } = JSON.parse(answer).partialSuccess;
    return Math.max(0, Number(rejectedDataPoints ?? rejectedSpans) || 0);
  } catch {
    return 0;
  }
}

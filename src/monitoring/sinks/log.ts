import type { RequestEvent } from "../request-event.ts";
import type { Sink } from "./sink.ts";

/**
 * One line of JSON for each request, on the platform's log.
 *
 * @param shape what the line says
 */
export function logSink(
  write: (line: string) => void,
  shape: (event: RequestEvent) => object = (event) => event,
): Sink {
  return { name: "log", take: (event) => write(JSON.stringify(shape(event))) };
}

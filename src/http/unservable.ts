import { malformed } from "./invalid.ts";
import { problemResponse } from "./problem.ts";

/** The answer to what no `Request` can be: the methods TRACE and CONNECT, a host that is none. */
export function unservable(): Response {
  return problemResponse(malformed("request", "its method or URL is none that is served"));
}

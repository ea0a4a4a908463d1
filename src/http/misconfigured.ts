import { CairnError } from "../model/errors.ts";
import { problemResponse } from "./problem.ts";

/** What a service that could not be configured answers to everything: 503, and what is wrong. */
export function misconfigured(error: CairnError): Response {
  const detail = `The service is not configured: ${error.message}`;
  return problemResponse(
    new CairnError("backend_unavailable", detail, { ...error.facts, retryAfterSeconds: 60 }),
  );
}

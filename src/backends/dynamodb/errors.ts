import { CairnError } from "../../model/errors.ts";

/** DynamoDB asked for fewer requests, or for another try: nothing was done. */
const LATER: readonly string[] = [
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "ReplicatedWriteConflictException",
];

/** What became of a request that failed. `done`: whether it may have been carried out. */
export type Failure = "later" | "refused" | "tooLarge" | "invalid" | "unknown";

/** An answer of 4xx says that nothing was done; 5xx, a cut connection and a time-out leave it open. */
export function failureOf(error: unknown): Failure {
  const { name = "", message = "", $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  if (LATER.includes(name)) return "later";
  if (name === "ValidationException") return /item size/i.test(message) ? "tooLarge" : "invalid";
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 ? "refused" : "unknown";
}

/** The error a caller sees of a request that was not carried out, or that changes nothing. */
export function unavailable(cause: unknown): CairnError {
  if (cause instanceof CairnError) return cause;
  switch (failureOf(cause)) {
    case "tooLarge":
      return new CairnError("too_large", "The record does not fit into one item of DynamoDB (400 KB).", {
        cause,
      });
    case "invalid":
      return new CairnError("internal", "DynamoDB does not accept the request.", { cause });
    default:
      return new CairnError("backend_unavailable", "DynamoDB did not answer.", {
        retryAfterSeconds: 2,
        cause,
      });
  }
}

/** Exponential backoff with full jitter, at most 1.3 s. */
export function pause(attempt: number): Promise<void> {
  const limit = Math.min(1300, 20 * 2 ** Math.min(attempt, 8));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
}

import { CairnError, OutcomeUnknown } from "../../model/errors.ts";
import { ReplyError } from "./reply.ts";
import { NotSent } from "./transport.ts";

/** For what certainly was not done, or only read. What Redis or the client said stays in `cause`. */
export function notDone(cause: unknown): CairnError {
  if (cause instanceof CairnError) return cause;
  if (cause instanceof ReplyError && cause.code === "OOM")
    return new CairnError("insufficient_storage", "The memory of Redis is full.", { cause });
  const why = cause instanceof ReplyError && cause.code ? `Redis refused (${cause.code}).` : "No answer.";
  return new CairnError("backend_unavailable", `The store is not available: ${why}`, {
    retryAfterSeconds: 2,
    cause,
  });
}

/**
 * For a commit that failed. A script checks everything before it writes anything, so that what Redis itself
 * answered as an error was not done, nor what was never sent; for all else nobody knows.
 */
export function commitFailed(cause: unknown): CairnError | OutcomeUnknown {
  if (cause instanceof CairnError || cause instanceof OutcomeUnknown) return cause;
  if (cause instanceof ReplyError || cause instanceof NotSent) return notDone(cause);
  return new OutcomeUnknown("The commit may have landed.", { cause });
}

/** Runs a read: whatever goes wrong is `backend_unavailable`, but for what has a code already. */
export async function reading<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw notDone(error);
  }
}

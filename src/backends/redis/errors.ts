import { CairnError, type ErrorCode, OutcomeUnknown } from "../../model/errors.ts";
import { ReplyError } from "./reply.ts";
import { NotSent } from "./transport.ts";

/** What a script answers where it has done nothing for a reason that is no one's but the store's. */
export const IMPOSSIBLE: Readonly<Record<string, [ErrorCode, string]>> = {
  parts: ["backend_unavailable", "Parts of the frame are gone before the write: nothing was written."],
  checkpoint_exists: ["backend_unavailable", "The checkpoint exists already: nothing was written."],
  frame_too_large: ["too_large", "The state is larger than the server lets a value be."],
  format: ["backend_unavailable", "A stored record of the pipeline cannot be read: nothing was written."],
};

export function impossible(status: string): CairnError {
  return new CairnError(...IMPOSSIBLE[status]!, { retryAfterSeconds: 1 });
}

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

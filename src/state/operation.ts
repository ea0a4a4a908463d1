import { CairnError, StateManagerError } from "../model/errors.ts";
import type { Monitor, OperationEvent } from "./options.ts";

/**
 * Runs an operation of a manager, up to its first `await` before the call returns, and tells the monitor how it
 * went. @throws what `asError` makes of a CairnError: by default a StateManagerError
 */
export async function observed<T>(
  monitor: Monitor,
  named: Pick<OperationEvent, "operation" | "pipelineId">,
  run: () => Promise<T>,
  asError = asManagerError,
): Promise<T> {
  const started = performance.now();
  const record = (ok: boolean, code: OperationEvent["code"]) => {
    const seconds = (performance.now() - started) / 1000;
    monitor.record({ ...named, seconds, ok, code });
  };
  try {
    const result = await run();
    record(true, null);
    return result;
  } catch (error) {
    record(false, error instanceof CairnError ? error.code : null);
    throw asError(error);
  }
}

/** The error as the library's callers see it; what is no CairnError stays as it is. */
export function asManagerError(error: unknown, cause: unknown = error): unknown {
  if (!(error instanceof CairnError)) return error;
  return new StateManagerError(error.code, error.message, { ...error.facts, cause });
}

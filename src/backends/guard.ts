import { CairnError, OutcomeUnknown } from "../model/errors.ts";

/** Whatever `run` throws becomes an error with a code; what the store or its client said stays in `cause`. */
export async function guard<T>(
  unavailable: (cause: unknown) => CairnError,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CairnError || error instanceof OutcomeUnknown) throw error;
    throw unavailable(error);
  }
}

import { CairnClientError } from "../errors.ts";

/** The lease is another's, or may be: whoever goes on working does harm. */
export class CairnLeaseError extends CairnClientError {
  override readonly name = "CairnLeaseError";

  constructor(message: string, options?: { cause: unknown }) {
    super("lease_lost", message, options);
  }
}

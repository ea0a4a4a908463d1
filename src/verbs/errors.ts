import { CairnClientError, CairnHttpError } from "../client/errors.ts";
import { CairnError, ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import { present } from "../model/present.ts";

/**
 * What the client throws, as this process would have thrown it. What is none of the client's stays as it is.
 *
 * @param silence what it means that no answer came: of a write nobody knows whether it was made
 */
export function cairnErrorOf(error: unknown, silence: ErrorCode = "backend_unavailable"): unknown {
  if (error instanceof CairnHttpError) {
    const { detail, errors, version, retryAfterSeconds } = error;
    const facts = {
      ...(errors.length > 0 && { errors }),
      ...(version !== null && { version }),
      ...(retryAfterSeconds !== null && { retryAfterSeconds }),
    };
    return new CairnError(codeOf(error, silence), detail, { ...present(facts), cause: error });
  }
  if (!(error instanceof CairnClientError)) return error;
  const isSilent = error.code === "unreachable" || error.code === "timeout";
  if (isSilent) return new CairnError(silence, "The service did not answer.", { cause: error });
  const isOwn = error.code === "invalid_argument" || error.code === "unsupported_value";
  return new CairnError(isOwn ? "malformed" : "internal", error.message, { cause: error });
}

/** Of what is no Cairn, a gateway before it, the status is all that is known. */
function codeOf({ code, status }: CairnHttpError, silence: ErrorCode): ErrorCode {
  if (code in ERROR_CODES) return code as ErrorCode;
  return code === "bad_answer" && status >= 500 ? silence : "internal";
}

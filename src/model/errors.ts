/** Every stable error code, with the HTTP status and the title it is answered with. */
export const ERROR_CODES = {
  malformed: { status: 400, title: "Malformed request" },
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  invalid_id: { status: 400, title: "The identifier is not valid" },
  invalid_cursor: { status: 400, title: "The cursor is not valid" },
  invalid_configuration: { status: 400, title: "The configuration is not valid" },
  digest_mismatch: { status: 400, title: "The body does not match its digest" },
  unauthorized: { status: 401, title: "Authentication required" },
  forbidden: { status: 403, title: "The key lacks the scope" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  lease_held: { status: 409, title: "Another holds the lease" },
  fence_lost: { status: 409, title: "The fencing token is no longer current" },
  merge_conflict: { status: 409, title: "The changes clash" },
  unrecoverable: { status: 409, title: "Nothing that verifies is left" },
  idempotency_in_flight: { status: 409, title: "A request with this key is still running" },
  pipeline_deleted: { status: 410, title: "The pipeline was deleted" },
  precondition_failed: { status: 412, title: "The precondition failed" },
  too_large: { status: 413, title: "The body is too large" },
  range_not_satisfiable: { status: 416, title: "The range is outside the content" },
  unsupported_media_type: { status: 415, title: "The media type is not supported" },
  too_deep: { status: 422, title: "The JSON is nested too deeply" },
  invalid_transition: { status: 422, title: "The transition makes no sense" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used for another request" },
  parts_missing: { status: 422, title: "Parts of the state are missing" },
  not_json: { status: 422, title: "The state is not JSON" },
  select_failed: { status: 422, title: "A selected part cannot be recovered" },
  patch_failed: { status: 422, title: "The patch cannot be applied" },
  backend_unavailable: { status: 503, title: "The store is not available" },
  outcome_unknown: { status: 503, title: "The outcome is unknown" },
  unsupported_format: { status: 503, title: "The record was written by a later release" },
  quota_exceeded: { status: 507, title: "The tenant's quota is used up" },
  insufficient_storage: { status: 507, title: "The store is full" },
  internal: { status: 500, title: "Internal error" },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One problem in the request, located by a JSON Pointer or a parameter's name. */
export interface ErrorItem {
  pointer: string;
  message: string;
}

/** Facts that travel with an error: what HTTP turns into headers and problem members. */
export interface ErrorFacts {
  errors?: ErrorItem[];
  /** The head's version, for `ETag` on 412 and `merge_conflict`. */
  version?: number;
  /** Seconds, for `Retry-After`. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/**
 * The one base error: a stable code and a sentence a person can act on.
 * `detail` must never carry SQL, keys, payloads or URLs with secrets.
 */
export class CairnError extends Error {
  override readonly name: string = "CairnError";
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, detail: string, facts: ErrorFacts = {}) {
    super(detail, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.facts = facts;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** What the library's managers throw; the same codes as over HTTP. */
export class StateManagerError extends CairnError {
  override readonly name = "StateManagerError";
}

/** What `StateRecovery` throws; the same codes as over HTTP. */
export class RecoveryError extends CairnError {
  override readonly name = "RecoveryError";
}

/**
 * Thrown by a driver when a commit may or may not have landed (timeout, cut connection).
 * The core reads back by `writeId` before it answers (design invariant 4).
 */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

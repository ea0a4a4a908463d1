import type { ErrorCode } from "../model/errors.ts";
import { formatPointer } from "../model/json/pointer.ts";

/** What went wrong before or without an answer of the service; codes of the service come with `CairnHttpError`. */
export type ClientErrorCode =
  | "unreachable"
  | "timeout"
  | "bad_answer"
  | "unsupported_value"
  | "bad_value"
  | "invalid_argument";

type Code = ClientErrorCode | ErrorCode | (string & {});

/** Whatever the client throws, but for the reason of an aborted signal, which is thrown as it is. */
export class CairnClientError extends Error {
  override readonly name: string = "CairnClientError";
  /** Stable: a `ClientErrorCode`, or with `CairnHttpError` the service's code, which may be one of a later release. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A value that cannot be kept (`unsupported_value`), or a text that stands for none (`bad_value`). */
export class CairnValueError extends CairnClientError {
  override readonly name = "CairnValueError";
  /** JSON Pointer (RFC 6901) to the place in the encoded document; the document itself is `""`. */
  readonly pointer: string;

  constructor(code: "unsupported_value" | "bad_value", tokens: readonly string[], problem: string) {
    const pointer = formatPointer(tokens);
    super(code, `The value at "${pointer}" ${problem}.`);
    this.pointer = pointer;
  }
}

/** The members of a problem (RFC 9457), as far as an answer had them. */
export interface Problem {
  code: string;
  detail: string;
  /** Where the request is wrong. */
  errors: { pointer: string; message: string }[];
}

/** The service refused or failed: its status, its code, its words. */
export class CairnHttpError extends CairnClientError {
  override readonly name = "CairnHttpError";
  readonly status: number;
  readonly detail: string;
  readonly errors: Problem["errors"];
  /** The current version, with a 412 or `merge_conflict`; else null. */
  readonly version: number | null;
  /** How long to wait before the same is tried again; null when the answer does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    { code, detail, errors }: Problem,
    { version, retryAfterSeconds }: Pick<CairnHttpError, "version" | "retryAfterSeconds">,
  ) {
    super(code, `${status} ${code}: ${detail}`);
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.version = version;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Null for what is not there. */
export async function nullWhenMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if ((error as CairnClientError | null)?.code === "not_found") return null;
    throw error;
  }
}

export function invalidArgument(message: string): CairnClientError {
  return new CairnClientError("invalid_argument", message);
}

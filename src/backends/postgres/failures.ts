import { CairnError, OutcomeUnknown } from "../../model/errors.ts";
import { StoreFailure } from "./runner.ts";

/** What an operator can act on, by SQLSTATE or its class. */
const DETAILS: Readonly<Record<string, string>> = {
  "40001": "Transactions are serializable here: they must be read committed.",
  "55P03": "Another transaction held the pipeline for too long.",
  "57014": "The database cancelled the statement, which took longer than its statement_timeout.",
  "53200": "The database is out of memory.",
  "53300": "The database has no connection left.",
  "25006": "The database is read-only here: it may be a replica.",
  "3F000": "The schema is missing: `cairn migrate` makes it.",
  "42P01": "The schema is missing or older than this release: `cairn migrate` brings it up.",
  "42883": "The schema is missing or older than this release: `cairn migrate` brings it up.",
  "42501": "The database role lacks a privilege.",
  "28": "The database refused the credentials.",
};

const DISK_FULL = "53100";

/** A failure after which nothing was changed, or nothing was to be. What the server said is left out. */
export function unavailable(error: unknown): CairnError {
  if (error instanceof CairnError) return error;
  const sqlState = error instanceof StoreFailure ? error.sqlState : null;
  if (sqlState === "UC001") return laterFormat();
  if (sqlState === DISK_FULL)
    return new CairnError("insufficient_storage", "The disk of the database is full.", { cause: error });
  const detail = DETAILS[sqlState ?? ""] ?? DETAILS[sqlState?.slice(0, 2) ?? ""];
  return new CairnError("backend_unavailable", detail ?? "The database did not answer.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}

/**
 * The failure of a batch: unknown, unless the server said that it rolled back or was never reached.
 *
 * @param begun whether a part of the batch has landed before
 */
export function commitFailure(error: unknown, begun: boolean): Error {
  const unknown = error instanceof StoreFailure && error.effect === "unknown";
  if (unknown || begun) return new OutcomeUnknown("The commit may have landed.", { cause: error });
  return unavailable(error);
}

export function laterFormat(): CairnError {
  return new CairnError("unsupported_format", "The record was written by a later release.");
}

import { CairnError, OutcomeUnknown } from "../../model/errors.ts";
import { StoreFailure } from "./runner.ts";

const OLD = "The schema is missing or older than this release: `cairn migrate` brings it up.";
const HALF =
  "What a migration makes is there already, though the schema's ledger lacks it: it may be half restored.";

/** What an operator can act on, by SQLSTATE or its class. */
const DETAILS: Readonly<Record<string, string>> = {
  "08": "The database ended the connection.",
  "28": "The database refused the credentials.",
  "57": "The database is starting, stopping, or ended the session.",
  "25006": "The database is read-only here: it may be a replica.",
  "3D000": "The server has no database of that name.",
  "3F000": "The schema is missing: `cairn migrate` makes it.",
  "40001": "Transactions are serializable here: they must be read committed.",
  "40P01": "The database ended a deadlock with another transaction.",
  "42501": "The database role lacks a privilege.",
  "42703": OLD,
  "42704": OLD,
  "42883": OLD,
  "42P01": OLD,
  "42710": HALF,
  "42723": HALF,
  "42P06": HALF,
  "42P07": HALF,
  "53200": "The database is out of memory.",
  "53300": "The database has no connection left.",
  "55P03": "Another transaction held a lock for too long.",
  "57014": "The database cancelled the statement, as after its statement_timeout.",
};

const DISK_FULL = "53100";

/** A value that the columns cannot hold is refused before it is sent: what Postgres cannot read is in the store. */
const DAMAGED = /^22(021|03.|P02|P05)$/;

/** A failure after which nothing was changed, or nothing was to be. What the server said is left out. */
export function unavailable(error: unknown): CairnError {
  if (error instanceof CairnError) return error;
  const sqlState = (error instanceof StoreFailure && error.sqlState) || "";
  if (sqlState === "UC001") return laterFormat();
  if (sqlState === DISK_FULL)
    return new CairnError("insufficient_storage", "The disk of the database is full.", { cause: error });
  if (DAMAGED.test(sqlState)) return damaged(error);
  const refused = `The database refused the statement (SQLSTATE ${sqlState}).`;
  const known = DETAILS[sqlState] ?? DETAILS[sqlState.slice(0, 2)];
  const detail = known ?? (sqlState === "" ? "The database did not answer." : refused);
  return new CairnError("backend_unavailable", detail, { retryAfterSeconds: 2, cause: error });
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

export function damaged(cause: unknown): CairnError {
  return new CairnError("unrecoverable", "A stored record of the pipeline is damaged.", { cause });
}

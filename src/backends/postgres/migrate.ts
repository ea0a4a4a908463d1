import { unavailable } from "./failures.ts";
import { missingOf } from "./ledger.ts";
import { MIGRATIONS, type Migration } from "./migrations/index.ts";
import type { Runner } from "./runner.ts";

/** Serialises migrations; any number will do, so long as it stays. */
const LOCK = "4716512063184961";

/**
 * Brings the schema up to what this release knows, whatever it lacks of it. May run twice, or twice at once; changes nothing in a schema
 * that is newer. The role that runs it owns the schema. Another one that serves needs USAGE on the schema,
 * SELECT, INSERT, UPDATE and DELETE on all of its tables, and EXECUTE on its functions, which all roles have unless
 * it was taken from them.
 *
 * @returns the names of the migrations that were missing
 * @throws CairnError `backend_unavailable`
 */
export async function migrate(runner: Runner): Promise<string[]> {
  try {
    const missing = await missingOf(runner, MIGRATIONS);
    for (const migration of missing) await runner.query(block(migration), []);
    return missing.map((migration) => migration.name);
  } catch (error) {
    throw unavailable(error);
  }
}

/** Every migration as one statement, in order: what `migrate` sends to an empty database. */
export function migrationStatements(): string[] {
  return MIGRATIONS.map(block);
}

/**
 * One statement, so that it is one transaction over HTTP and through poolers as well. A schema that somebody else
 * made is not made IF NOT EXISTS: that takes the privilege to make one, even so.
 */
function block({ version, name, sql }: Migration): string {
  return `DO $migration$ BEGIN
PERFORM pg_advisory_xact_lock(${LOCK});
IF to_regnamespace('cairn') IS NULL THEN CREATE SCHEMA cairn; END IF;
CREATE TABLE IF NOT EXISTS cairn.cairn_migrations (
  version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
IF EXISTS (SELECT FROM cairn.cairn_migrations WHERE version = ${version}) THEN RETURN; END IF;
${sql}
INSERT INTO cairn.cairn_migrations (version, name) VALUES (${version}, '${name}');
END $migration$`;
}

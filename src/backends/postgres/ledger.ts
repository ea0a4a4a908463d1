import type { MigrationName } from "./migrations/names.ts";
import { type Runner, StoreFailure } from "./runner.ts";

/** What Postgres answers where a table or its schema is missing. */
const MISSING: readonly (string | null)[] = ["42P01", "3F000"];

/** Those of the migrations that the database's ledger lacks, in their order. @throws StoreFailure */
export async function missingOf<T extends MigrationName>(
  runner: Runner,
  migrations: readonly T[],
): Promise<T[]> {
  const applied = await appliedVersions(runner);
  return migrations.filter(({ version }) => !applied.has(String(version)));
}

async function appliedVersions(runner: Runner): Promise<Set<string | null | undefined>> {
  try {
    const rows = await runner.query("SELECT version::text AS version FROM cairn.cairn_migrations", []);
    return new Set(rows.map((row) => row.version));
  } catch (error) {
    if (error instanceof StoreFailure && MISSING.includes(error.sqlState)) return new Set();
    throw error;
  }
}

import type { Subject } from "../../src/backends/contract.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import { damaging } from "../support/tamper/damage.ts";
import { postgresMedium } from "../support/tamper/postgres.ts";

/** Makes the schema, with a clock that can be moved: `advance` of a subject does, for all of its clients. */
export async function migrateForTests(runner: Runner): Promise<void> {
  await migrate(runner);
  await runner.query(
    "CREATE TABLE IF NOT EXISTS cairn.test_clock AS SELECT 0::double precision AS ahead",
    [],
  );
  await runner.query(
    `CREATE OR REPLACE FUNCTION cairn.clock_v1() RETURNS timestamptz LANGUAGE sql VOLATILE AS $fn$
       SELECT date_trunc('milliseconds', clock_timestamp())
         + (SELECT ahead FROM cairn.test_clock) * interval '1 second'
     $fn$`,
    [],
  );
}

/** @param open an independent client of one store */
export function postgresSubject(open: () => Runner): Subject {
  const runner = open();
  const backend = postgresOver(runner);
  return {
    backend,
    cleanup: () => backend.close(),
    reopen: async () => postgresOver(open()),
    damage: damaging(postgresMedium(runner)),
    async advance(seconds) {
      const sql = "UPDATE cairn.test_clock SET ahead = ahead + $1::double precision";
      await runner.query(sql, [String(seconds)]);
    },
  };
}

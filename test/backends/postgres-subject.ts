import type { Subject } from "../../src/backends/contract.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { nameOf } from "../../src/backends/postgres/lists.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

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
    damage: (key, ref, how) => damageFrame(runner, key, ref, how),
    async advance(seconds) {
      const sql = "UPDATE cairn.test_clock SET ahead = ahead + $1::double precision";
      await runner.query(sql, [String(seconds)]);
    },
  };
}

const DAMAGE = {
  flip: "UPDATE cairn.frames SET bytes = set_byte(bytes, length(bytes) / 2, get_byte(bytes, length(bytes) / 2) # 1)",
  truncate: "UPDATE cairn.frames SET bytes = substr(bytes, 1, length(bytes) - 1)",
  delete: "DELETE FROM cairn.frames",
};

async function damageFrame(runner: Runner, key: PipelineKey, ref: FrameRef, how: keyof typeof DAMAGE) {
  const where = `WHERE frame_id = $3
    AND pipeline = (SELECT id FROM cairn.pipelines WHERE tenant = $1 AND pipeline_id = $2)`;
  await runner.query(`${DAMAGE[how]} ${where}`, [...nameOf(key), ref.frameId]);
}

import { sql as tables } from "./0001_tables.ts";
import { sql as reading } from "./0002_reading.ts";
import { sql as refusals } from "./0003_refusals.ts";
import { sql as commit } from "./0004_commit.ts";
import { sql as entry } from "./0005_entry.ts";
import { sql as damage } from "./0006_damage.ts";
import { sql as chains } from "./0007_chains.ts";
import { sql as chainEffects } from "./0008_chain_effects.ts";
import { sql as chainEntry } from "./0009_chain_entry.ts";
import { sql as care } from "./0010_care.ts";
import { sql as due } from "./0011_due.ts";
import { sql as careEntry } from "./0012_care_entry.ts";
import { sql as sums } from "./0013_sums.ts";
import { sql as claims } from "./0014_claims.ts";
import { type MigrationName, NAMED, type NAMES } from "./names.ts";

export interface Migration extends MigrationName {
  /** Statements, each ended by a semicolon; run as the body of a PL/pgSQL block. */
  sql: string;
}

type TextOfEach<Names> = { readonly [Place in keyof Names]: string };

/** As many as there are names, and in their order. */
const SQL: TextOfEach<typeof NAMES> = [
  tables,
  reading,
  refusals,
  commit,
  entry,
  damage,
  chains,
  chainEffects,
  chainEntry,
  care,
  due,
  careEntry,
  sums,
  claims,
];

/** With their SQL, which is much: only what makes a schema imports this. */
export const MIGRATIONS: readonly Migration[] = NAMED.map((named, i) => ({ ...named, sql: SQL[i]! }));

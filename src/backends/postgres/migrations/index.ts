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

export interface Migration {
  version: number;
  name: string;
  /** Statements, each ended by a semicolon; run as the body of a PL/pgSQL block. */
  sql: string;
}

/**
 * The schema, oldest first. What a release has shipped is never changed: later ones add to it, and a function
 * that must behave otherwise gets a new name, for releases overlap.
 */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "0001_tables", sql: tables },
  { version: 2, name: "0002_reading", sql: reading },
  { version: 3, name: "0003_refusals", sql: refusals },
  { version: 4, name: "0004_commit", sql: commit },
  { version: 5, name: "0005_entry", sql: entry },
  { version: 6, name: "0006_damage", sql: damage },
  { version: 7, name: "0007_chains", sql: chains },
  { version: 8, name: "0008_chain_effects", sql: chainEffects },
  { version: 9, name: "0009_chain_entry", sql: chainEntry },
  { version: 10, name: "0010_care", sql: care },
  { version: 11, name: "0011_due", sql: due },
  { version: 12, name: "0012_care_entry", sql: careEntry },
];

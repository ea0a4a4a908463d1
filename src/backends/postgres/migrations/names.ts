/** A migration without its SQL: what a function that serves needs to know, and is to carry. */
export interface MigrationName {
  version: number;
  name: string;
}

/**
 * The schema, oldest first. What a release has shipped is never changed: later ones add to it, and a function
 * that must behave otherwise gets a new name, for releases overlap.
 */
export const NAMES = [
  "0001_tables",
  "0002_reading",
  "0003_refusals",
  "0004_commit",
  "0005_entry",
  "0006_damage",
  "0007_chains",
  "0008_chain_effects",
  "0009_chain_entry",
  "0010_care",
  "0011_due",
  "0012_care_entry",
  "0013_sums",
  "0014_claims",
] as const;

/** By its number in the ledger, which its name begins with. */
export const NAMED: readonly MigrationName[] = NAMES.map((name) => ({
  version: Number.parseInt(name, 10),
  name,
}));

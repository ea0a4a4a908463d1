import type { Health } from "../types.ts";
import { unavailable } from "./failures.ts";
import { missingOf } from "./ledger.ts";
import { type MigrationName, NAMED } from "./migrations/names.ts";
import type { Row, Runner } from "./runner.ts";
import { SETTINGS } from "./statements.ts";

/** Whether commits would be durable, and the schema is the one this release knows. */
export async function checkHealth(runner: Runner): Promise<Health> {
  try {
    const [settings] = await runner.query(SETTINGS, []);
    const missing = await missingOf(runner, NAMED);
    const problems = [...settingProblems(settings!), ...schemaProblems(missing)];
    return { ready: problems.length === 0, problems };
  } catch (error) {
    return { ready: false, problems: [unavailable(error).message] };
  }
}

function settingProblems(row: Row): string[] {
  const { durability, read_only, isolation, encoding, privileged, executes } = row;
  const problems: string[] = [];
  if (durability === "off")
    problems.push("synchronous_commit is off: acknowledged writes could be lost in a crash.");
  if (read_only === "on") problems.push("The connection is read-only: it may lead to a replica.");
  if (isolation !== "read committed")
    problems.push(`default_transaction_isolation is "${isolation}": it must be "read committed".`);
  if (encoding !== "UTF8") problems.push(`The database's encoding is ${encoding}: it must be UTF8.`);
  if (privileged === "false") problems.push(`The role may not read and write all tables of "cairn".`);
  if (executes === "false") problems.push(`The role may not execute all functions of "cairn".`);
  return problems;
}

/** A later schema is fine: changes are additive, and releases overlap (design invariant 11). */
function schemaProblems(missing: readonly MigrationName[]): string[] {
  if (missing.length === 0) return [];
  if (missing.length === NAMED.length) return ["The schema is missing: `cairn migrate` makes it."];
  const names = missing.map((migration) => migration.name).join(", ");
  return [`The schema lacks ${names}: \`cairn migrate\` brings it up.`];
}

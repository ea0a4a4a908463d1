import { postgresRunner } from "../../backends/postgres/index.ts";
import { migrate, migrationStatements } from "../../backends/postgres/migrate.ts";
import { type Command, readOptions, UsageError } from "../command.ts";

const help = `Usage: cairn migrate [--url URL] [--transport tcp|neon] [--endpoint URL] [--print] [--json]

Brings the schema of a Postgres database up to this release. Changes are additive: the release before goes on
working. May run twice, or twice at once.

  --url        postgres://…; default: DATABASE_URL
  --transport  tcp (default), or neon for Neon's HTTP
  --endpoint   where Neon's HTTP requests go, when not to where the host of the URL says
  --print      print the SQL instead, for whoever applies it by other means; needs no database
  --json       print {"applied": [names]}`;

async function run(words: string[]): Promise<string> {
  const { url, transport, endpoint, print, json } = readOptions(words, {
    url: { type: "string", default: process.env.DATABASE_URL ?? "" },
    transport: { type: "string", default: "tcp" },
    endpoint: { type: "string" },
    print: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  if (print) return migrationStatements().join(";\n\n").concat(";");
  if (url === "") throw new UsageError("which database? Give --url, or set DATABASE_URL.");
  if (transport !== "tcp" && transport !== "neon") throw new UsageError("--transport is tcp or neon.");
  if (transport === "tcp" && endpoint !== undefined)
    throw new UsageError("--endpoint is where Neon's HTTP goes: it takes --transport neon.");
  const runner = postgresRunner({ transport, url, ...(endpoint !== undefined && { endpoint }) });
  try {
    const applied = await migrate(runner);
    if (json) return JSON.stringify({ applied });
    return applied.length > 0 ? `Applied: ${applied.join(", ")}.` : "The schema is up to date.";
  } finally {
    await runner.close();
  }
}

export const migrateCommand: Command = { help, run };

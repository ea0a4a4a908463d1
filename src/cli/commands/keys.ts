import { createHash, randomBytes } from "node:crypto";
import { parseApiKeys } from "../../http/auth.ts";
import { CairnError } from "../../model/errors.ts";
import { type Command, readAllWords, UsageError } from "../command.ts";

const help = `Usage: cairn keys create --tenant TENANT [--id ID] [--scopes read,write,admin] [--json]

Makes an API key. It is printed once, and is nowhere else: the service is given its digest, as one more entry of
CAIRN_API_KEYS (a JSON array).

  --tenant     whose data it opens
  --id         its name in logs; default: the tenant and a date
  --scopes     of read, write, admin; default: read,write
  --json       print {"key", "entry"}`;

async function run(words: string[]): Promise<string> {
  const { values, positionals } = readAllWords(words, {
    tenant: { type: "string", default: "" },
    id: { type: "string" },
    scopes: { type: "string", default: "read,write" },
    json: { type: "boolean", default: false },
  });
  if (positionals.join(" ") !== "create")
    throw new UsageError("the one thing to do with keys is: cairn keys create");
  const { tenant, id = `${tenant}-${new Date().toISOString().slice(0, 10)}`, scopes, json } = values;
  const key = randomBytes(32).toString("base64url");
  const sha256 = createHash("sha256").update(key).digest("hex");
  const entry = { id, tenant, scopes: scopes.split(","), sha256 };
  check(entry);
  if (json) return JSON.stringify({ key, entry });
  return `Key (shown this once): ${key}\nEntry for CAIRN_API_KEYS: ${JSON.stringify(entry)}`;
}

/** As the service will. @throws UsageError */
function check(entry: object): void {
  try {
    parseApiKeys(JSON.stringify([entry]));
  } catch (error) {
    if (error instanceof CairnError) throw new UsageError(error.message);
    throw error;
  }
}

export const keysCommand: Command = { help, run };

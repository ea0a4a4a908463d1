import { Given } from "../backends/configuration/given.ts";
import {
  type Platform,
  parseStore,
  type StoreSettings,
  type StoreVariables,
} from "../backends/configuration/variables.ts";
import { CairnError, type ErrorItem } from "../model/errors.ts";
import { type ApiKeys, parseApiKeys } from "./auth.ts";

/** The variables the service reads, as text. */
export interface Environment extends StoreVariables {
  /** A JSON array of `{id, tenant, scopes, sha256}`; without it only loopback is served. */
  CAIRN_API_KEYS?: string;
  /** The largest body, bytes, as sent and as decompressed. @default 26214400 (25 MiB) */
  CAIRN_MAX_BODY_BYTES?: string;
  /** Origins that browsers may call from, separated by commas. @default none */
  CAIRN_CORS_ORIGINS?: string;
}

export interface ServiceSettings {
  readonly store: StoreSettings;
  readonly keys: ApiKeys | null;
  readonly maxBodyBytes: number;
  readonly corsOrigins: readonly string[];
}

/**
 * Parsed once, at the edge.
 *
 * @param bucket whether an R2 bucket is bound
 * @throws CairnError `invalid_configuration` with all problems together
 */
export function parseEnvironment(
  environment: Environment,
  platform: Platform,
  bucket = false,
): ServiceSettings {
  const given = new Given(environment);
  const maxBodyBytes = given.whole("CAIRN_MAX_BODY_BYTES", 26_214_400, 1024, 104_857_600);
  const corsOrigins = originsOf(given);
  const keys = keysOf(environment.CAIRN_API_KEYS, given.errors);
  const parsed = parseStore(environment, platform, bucket);
  const errors = [...given.errors, ...("errors" in parsed ? parsed.errors : [])];
  if (errors.length > 0 || "errors" in parsed) {
    const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
    throw new CairnError("invalid_configuration", detail, { errors });
  }
  return Object.freeze({ store: parsed.store, keys, maxBodyBytes, corsOrigins });
}

function originsOf(given: Given<Environment>): string[] {
  if (!given.has("CAIRN_CORS_ORIGINS")) return [];
  const origins = given
    .text("CAIRN_CORS_ORIGINS")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const wrong = origins.some((text) => !URL.canParse(text) || new URL(text).origin !== text);
  if (wrong) given.refuse("CAIRN_CORS_ORIGINS", "must be origins like https://app.example.com");
  return origins;
}

function keysOf(text: string | undefined, errors: ErrorItem[]): ApiKeys | null {
  if (text === undefined || text === "") return null;
  try {
    return parseApiKeys(text);
  } catch (error) {
    if (!(error instanceof CairnError)) throw error;
    errors.push(...(error.facts.errors ?? [{ pointer: "CAIRN_API_KEYS", message: error.message }]));
    return null;
  }
}

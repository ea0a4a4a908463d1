import * as z from "zod";
import { CairnError, type ErrorItem } from "../model/errors.ts";
import { type ApiKeys, parseApiKeys } from "./auth.ts";

/** The variables the service reads, as text. */
export interface Environment {
  /** A JSON array of `{id, tenant, scopes, sha256}`; without it only loopback is served. */
  CAIRN_API_KEYS?: string;
  /** The largest body, bytes, as sent and as decompressed. @default 26214400 (25 MiB) */
  CAIRN_MAX_BODY_BYTES?: string;
  /** Origins that browsers may call from, separated by commas. @default none */
  CAIRN_CORS_ORIGINS?: string;
  /** The pause R2 wants between two writes of one key. @default 1 */
  CAIRN_R2_MIN_COMMIT_SECONDS?: string;
}

export interface ServiceSettings {
  readonly keys: ApiKeys | null;
  readonly maxBodyBytes: number;
  readonly corsOrigins: readonly string[];
  readonly minCommitSeconds: number;
}

const Origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  message: "not an origin like https://app.example.com",
});

const Variables = z.object({
  CAIRN_MAX_BODY_BYTES: z.coerce.number().int().min(1024).max(104_857_600).default(26_214_400),
  CAIRN_CORS_ORIGINS: z
    .string()
    .default("")
    .transform((text) => text.split(",").map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ""))
    .pipe(z.array(Origin)),
  CAIRN_R2_MIN_COMMIT_SECONDS: z.coerce.number().min(0).max(60).default(1),
});

/** Parsed once, at the edge. @throws CairnError `invalid_configuration` with all problems together */
export function parseEnvironment(environment: Environment): ServiceSettings {
  const errors: ErrorItem[] = [];
  const variables = Variables.safeParse(environment);
  for (const issue of variables.error?.issues ?? []) {
    errors.push({ pointer: String(issue.path[0]), message: issue.message });
  }
  const keys = keysOf(environment.CAIRN_API_KEYS, errors);
  if (errors.length > 0 || !variables.data) {
    const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
    throw new CairnError("invalid_configuration", detail, { errors });
  }
  return Object.freeze({
    keys,
    maxBodyBytes: variables.data.CAIRN_MAX_BODY_BYTES,
    corsOrigins: variables.data.CAIRN_CORS_ORIGINS,
    minCommitSeconds: variables.data.CAIRN_R2_MIN_COMMIT_SECONDS,
  });
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

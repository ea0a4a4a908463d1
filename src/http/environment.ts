import { Given } from "../backends/configuration/given.ts";
import {
  type Platform,
  parseStore,
  type StoreSettings,
  type StoreVariables,
} from "../backends/configuration/variables.ts";
import { parseKeyRing } from "../frames/key-ring.ts";
import type { FrameOptions } from "../frames/stored.ts";
import { CairnError, type ErrorItem } from "../model/errors.ts";
import { present } from "../model/present.ts";
import { targetProblem } from "../model/webhook-target.ts";
import type { AlertThresholds } from "../monitoring/alert-rules.ts";
import { type OtlpSettings, type OtlpVariables, otlpOf } from "../monitoring/sinks/otlp-settings.ts";
import { parseThresholds } from "../monitoring/thresholds.ts";
import type { DrillOptions } from "../recovery/drill/drill.ts";
import { parseWebhookSecrets, type WebhookSecrets } from "../recovery/wake/secrets.ts";
import type { Quota } from "../state/quota-rules.ts";
import { type ApiKeys, parseApiKeys } from "./auth.ts";

/** The variables the service reads, as text. */
export interface Environment extends StoreVariables, OtlpVariables {
  /** A JSON array of `{id, tenant, scopes, sha256, quota?}`; without it only loopback is served. */
  CAIRN_API_KEYS?: string;
  /** The largest body, bytes, as sent and as decompressed. @default 26214400 (25 MiB) */
  CAIRN_MAX_BODY_BYTES?: string;
  /** A key ring, see `parseKeyRing`: frames are encrypted with its first key. @default none */
  CAIRN_ENCRYPTION_KEYS?: string;
  /** `false` while frames of a time before the keys are still to be read. @default true */
  CAIRN_ENCRYPTION_REQUIRED?: string;
  /** Origins that browsers may call from, separated by commas. @default none */
  CAIRN_CORS_ORIGINS?: string;
  /** See `parseWebhookSecrets`: each message is signed with all of them. @default none, and no message is sent */
  CAIRN_WEBHOOK_SECRETS?: string;
  /** `json`: one line for each request, on the platform's log; `emf`: of which CloudWatch makes metrics. @default none */
  CAIRN_LOG?: string;
  /** Origins that webhooks may be sent to though they are not public, separated by commas. @default none */
  CAIRN_WEBHOOK_ALLOW?: string;
  /** Where alerts are told, signed with `CAIRN_WEBHOOK_SECRETS`. @default nowhere: `GET /v1/alerts` shows them */
  CAIRN_ALERT_URL?: string;
  /** A JSON object, see `AlertThresholds`, of those that are to be others. @default `ALERT_THRESHOLDS` */
  CAIRN_ALERT_THRESHOLDS?: string;
  /** The most bytes of states and checkpoints that a tenant may have, unless a key of it says otherwise. @default any */
  CAIRN_QUOTA_BYTES?: string;
  /** The most pipelines that a tenant may have. @default any */
  CAIRN_QUOTA_PIPELINES?: string;
  /** How many checkpoints a sweep reads back; 0: none. @default 0 */
  CAIRN_DRILL_CHECKPOINTS?: string;
  /** A checkpoint is read back so often at most, seconds. @default 86400 */
  CAIRN_DRILL_SECONDS?: string;
}

export interface ServiceSettings {
  readonly store: StoreSettings;
  readonly frames: FrameOptions;
  readonly keys: ApiKeys | null;
  readonly maxBodyBytes: number;
  readonly corsOrigins: readonly string[];
  readonly webhookSecrets: WebhookSecrets | null;
  readonly webhookAllow: readonly string[];
  readonly log: "none" | "json" | "emf";
  readonly otlp: OtlpSettings;
  readonly alertUrl: string | null;
  readonly alertThresholds: Partial<AlertThresholds>;
  /** Of tenants whose keys say nothing else. */
  readonly quota: Quota;
  readonly drill: Pick<DrillOptions, "checkpoints" | "everySeconds">;
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
  const corsOrigins = originsOf(given, "CAIRN_CORS_ORIGINS");
  const webhookAllow = originsOf(given, "CAIRN_WEBHOOK_ALLOW");
  const keys = parsedOf(parseApiKeys, environment.CAIRN_API_KEYS, "CAIRN_API_KEYS", given.errors);
  const { CAIRN_WEBHOOK_SECRETS: secrets } = environment;
  const webhookSecrets = parsedOf(parseWebhookSecrets, secrets, "CAIRN_WEBHOOK_SECRETS", given.errors);
  const alertUrl = alertUrlOf(given, webhookAllow, webhookSecrets);
  const { CAIRN_ALERT_THRESHOLDS: thresholds } = environment;
  const alertThresholds = parsedOf(parseThresholds, thresholds, "CAIRN_ALERT_THRESHOLDS", given.errors) ?? {};
  const frames = framesOf(given, environment);
  // CloudWatch reads what is on the log of Lambda, or of an agent beside a Node server; never a Worker's.
  const log = given.choice("CAIRN_LOG", platform === "node" ? ["none", "json", "emf"] : ["none", "json"]);
  const otlp = otlpOf(given);
  const drill = {
    checkpoints: given.whole("CAIRN_DRILL_CHECKPOINTS", 0, 0, 1000),
    everySeconds: given.whole("CAIRN_DRILL_SECONDS", 86_400, 60, 31_536_000),
  };
  const any = Number.POSITIVE_INFINITY;
  const quota = {
    bytes: given.whole("CAIRN_QUOTA_BYTES", any, 1, Number.MAX_SAFE_INTEGER),
    pipelines: given.whole("CAIRN_QUOTA_PIPELINES", any, 1, Number.MAX_SAFE_INTEGER),
  };
  const parsed = parseStore(environment, platform, bucket);
  const errors = [...given.errors, ...("errors" in parsed ? parsed.errors : [])];
  if (errors.length > 0 || "errors" in parsed) {
    const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
    throw new CairnError("invalid_configuration", detail, { errors });
  }
  const rest = { webhookSecrets, webhookAllow, alertUrl, alertThresholds, log, otlp, quota, drill };
  return Object.freeze({ store: parsed.store, frames, keys, maxBodyBytes, corsOrigins, ...rest });
}

/** The rules for wake-ups hold for it as well. The URL may be a secret: it is not repeated. */
function alertUrlOf(
  given: Given<Environment>,
  allow: readonly string[],
  secrets: WebhookSecrets | null,
): string | null {
  if (!given.has("CAIRN_ALERT_URL")) return null;
  const url = given.text("CAIRN_ALERT_URL");
  const problem = targetProblem(url, allow);
  if (problem !== null) given.refuse("CAIRN_ALERT_URL", problem);
  if (!secrets) given.refuse("CAIRN_ALERT_URL", "needs CAIRN_WEBHOOK_SECRETS");
  return url;
}

function originsOf(given: Given<Environment>, name: "CAIRN_CORS_ORIGINS" | "CAIRN_WEBHOOK_ALLOW"): string[] {
  if (!given.has(name)) return [];
  const origins = given
    .text(name)
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const wrong = origins.some((text) => !URL.canParse(text) || new URL(text).origin !== text);
  if (wrong) given.refuse(name, "must be origins like https://app.example.com");
  return origins;
}

function framesOf(given: Given<Environment>, { CAIRN_ENCRYPTION_KEYS: keys }: Environment): FrameOptions {
  const required = given.choice("CAIRN_ENCRYPTION_REQUIRED", ["true", "false"]) === "true";
  const ring = parsedOf(parseKeyRing, keys, "CAIRN_ENCRYPTION_KEYS", given.errors);
  if (!ring && given.has("CAIRN_ENCRYPTION_REQUIRED"))
    given.refuse("CAIRN_ENCRYPTION_REQUIRED", "needs CAIRN_ENCRYPTION_KEYS");
  return present({ encryption: ring ? { ring, required } : undefined });
}

/** Null where the variable is not given, or wrong: then its problems are among the errors. */
function parsedOf<T>(
  parse: (text: string) => T,
  text: string | undefined,
  name: keyof Environment,
  errors: ErrorItem[],
): T | null {
  if (text === undefined || text === "") return null;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof CairnError)) throw error;
    errors.push(...(error.facts.errors ?? [{ pointer: name, message: error.message }]));
    return null;
  }
}

/** Where Cairn is deployed, and what it keeps its data in. */
export interface Deployment {
  cloud: Cloud;
  backend: DeployedBackend;
  /** Whether its data outlives it: every stage but those of one person. */
  kept: boolean;
  /** Cloudflare: the name that the Worker answers under. @default its workers.dev */
  domain: { hostname: string; zoneId: string } | null;
  /** AWS: who is written to when an alarm goes off. @default nobody */
  alarmEmail: string | null;
  /** What the service is told that is no secret, as it was given. */
  settings: Readonly<Record<string, string>>;
}

export type Cloud = "aws" | "cloudflare";
export type DeployedBackend = "object" | "dynamodb" | "postgres" | "redis";

const BACKENDS: Readonly<Record<string, readonly string[]>> = {
  aws: ["object", "dynamodb", "postgres", "redis"],
  cloudflare: ["object", "postgres", "redis"],
};

/** The stages that more than one person uses. Any other name is somebody's own, and goes with all it holds. */
const KEPT = ["production", "staging"];

/** Of the service's variables, those that are handed on. */
const SETTINGS = [
  "CAIRN_ALERT_THRESHOLDS",
  "CAIRN_ALERT_URL",
  "CAIRN_CORS_ORIGINS",
  "CAIRN_DRILL_CHECKPOINTS",
  "CAIRN_DRILL_SECONDS",
  "CAIRN_DYNAMO_INLINE_BYTES",
  "CAIRN_ENCRYPTION_REQUIRED",
  "CAIRN_LOG",
  "CAIRN_MAX_BODY_BYTES",
  "CAIRN_QUOTA_BYTES",
  "CAIRN_QUOTA_PIPELINES",
  "CAIRN_WEBHOOK_ALLOW",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_SERVICE_NAME",
];

/** Where `npm run build` puts what is deployed, in the project: each store has its own, so that none is taken for another. */
export function builtFor({ cloud, backend }: Pick<Deployment, "cloud" | "backend">): string {
  return cloud === "aws" ? `dist/lambda-${backend}` : `dist/worker-${backend}.js`;
}

/**
 * Reads CAIRN_CLOUD (default `cloudflare`), CAIRN_BACKEND (default `object`), CAIRN_DOMAIN with CAIRN_ZONE_ID, and
 * CAIRN_ALARM_EMAIL; and what is for the service.
 *
 * @throws Error with what is wrong, and what it may be
 */
export function readDeployment(
  variables: Readonly<Record<string, string | undefined>>,
  stage: string,
): Deployment {
  const { CAIRN_CLOUD, CAIRN_BACKEND, CAIRN_DOMAIN, CAIRN_ZONE_ID, CAIRN_ALARM_EMAIL } = variables;
  const cloud = oneOf("CAIRN_CLOUD", CAIRN_CLOUD || "cloudflare", Object.keys(BACKENDS)) as Cloud;
  const backend = oneOf(`CAIRN_BACKEND on ${cloud}`, CAIRN_BACKEND || "object", BACKENDS[cloud]!);
  if (cloud === "aws" && CAIRN_DOMAIN)
    throw new Error("CAIRN_DOMAIN is for CAIRN_CLOUD=cloudflare: a Function URL has no other name.");
  if (!CAIRN_DOMAIN !== !CAIRN_ZONE_ID) throw new Error("CAIRN_DOMAIN and CAIRN_ZONE_ID need one another.");
  return {
    cloud,
    backend: backend as DeployedBackend,
    kept: KEPT.includes(stage),
    domain: CAIRN_DOMAIN ? { hostname: CAIRN_DOMAIN, zoneId: CAIRN_ZONE_ID! } : null,
    alarmEmail: CAIRN_ALARM_EMAIL || null,
    settings: {
      // What two stages of one account tell is told apart by it.
      OTEL_SERVICE_NAME: `cairn-${stage}`,
      ...Object.fromEntries(SETTINGS.flatMap((name) => (variables[name] ? [[name, variables[name]]] : []))),
    },
  };
}

function oneOf(name: string, given: string, known: readonly string[]): string {
  if (known.includes(given)) return given;
  throw new Error(`${name} is "${given}", which is none of ${known.join(", ")}.`);
}

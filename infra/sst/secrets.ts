import type { DeployedBackend } from "../settings.ts";

/** What the service is told that nobody else may read, by the name of its variable: set by `sst secret set`. */
export function secretsFor(backend: DeployedBackend): Record<string, $util.Output<string>> {
  return Object.fromEntries([...COMMON, ...OF_STORE[backend]].map(([name, secret]) => [name, secret()]));
}

type Named = readonly [variable: string, secret: () => $util.Output<string>];

/** Without API keys nothing is deployed; what is empty is as if it were not given. */
const COMMON: readonly Named[] = [
  ["CAIRN_API_KEYS", () => new sst.Secret("CairnApiKeys").value],
  ["CAIRN_WEBHOOK_SECRETS", () => new sst.Secret("CairnWebhookSecrets", "").value],
  ["CAIRN_ENCRYPTION_KEYS", () => new sst.Secret("CairnEncryptionKeys", "").value],
  ["OTEL_EXPORTER_OTLP_HEADERS", () => new sst.Secret("OtlpHeaders", "").value],
];

const OF_STORE: Readonly<Record<DeployedBackend, readonly Named[]>> = {
  object: [],
  dynamodb: [],
  postgres: [["DATABASE_URL", () => new sst.Secret("DatabaseUrl").value]],
  redis: [
    ["UPSTASH_REDIS_REST_URL", () => new sst.Secret("UpstashRedisRestUrl").value],
    ["UPSTASH_REDIS_REST_TOKEN", () => new sst.Secret("UpstashRedisRestToken").value],
  ],
};

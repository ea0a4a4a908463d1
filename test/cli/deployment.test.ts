import { expect, test } from "vitest";
import { readDeployment } from "../../infra/settings.ts";

test("Cloudflare and its bucket unless said otherwise; stages of one person keep nothing", () => {
  const deployment = { cloud: "cloudflare", backend: "object", domain: null, alarmEmail: null };
  for (const stage of ["alice", "production", "staging"]) {
    const settings = { OTEL_SERVICE_NAME: `cairn-${stage}` };
    expect(readDeployment({}, stage)).toEqual({ ...deployment, settings, kept: stage !== "alice" });
  }
});

test("what is for the service is handed on, but nothing that is secret or of this machine", () => {
  const settings = {
    CAIRN_ALERT_URL: "https://alerts.example.com",
    CAIRN_CORS_ORIGINS: "https://app.example.com",
    CAIRN_DRILL_CHECKPOINTS: "16",
    CAIRN_DRILL_SECONDS: "86400",
    CAIRN_LOG: "json",
    CAIRN_MAX_BODY_BYTES: "1000000",
    OTEL_SERVICE_NAME: "pipelines",
  };
  const others = { CAIRN_API_KEYS: "[]", CAIRN_DATA: "/tmp", PATH: "/bin", CAIRN_WEBHOOK_ALLOW: "" };
  expect(readDeployment({ ...settings, ...others }, "alice").settings).toEqual(settings);
});

test.each([
  [{ CAIRN_CLOUD: "azure" }, 'CAIRN_CLOUD is "azure"'],
  [{ CAIRN_BACKEND: "dynamodb" }, 'CAIRN_BACKEND on cloudflare is "dynamodb", which is none of object'],
  [{ CAIRN_CLOUD: "aws", CAIRN_BACKEND: "memory" }, "none of object, dynamodb, postgres, redis"],
  [{ CAIRN_DOMAIN: "cairn.example.com" }, "CAIRN_ZONE_ID"],
  [{ CAIRN_CLOUD: "aws", CAIRN_DOMAIN: "cairn.example.com", CAIRN_ZONE_ID: "z" }, "CAIRN_CLOUD=cloudflare"],
])("%j is refused", (variables, message) => {
  expect(() => readDeployment(variables, "alice")).toThrow(message);
});

import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readSettings } from "../../src/cli/settings.ts";

describe("readSettings", () => {
  test("defaults to the loopback, 8787 and .cairn", () => {
    expect(readSettings({})).toEqual({
      host: "127.0.0.1",
      port: 8787,
      dataFolder: resolve(".cairn"),
      bindings: { CAIRN_R2_MIN_COMMIT_SECONDS: "0" },
      localStore: null,
    });
  });

  test("takes --backend for a store to start, and no other words", () => {
    expect(readSettings({}, ["--backend", "redis"]).localStore).toBe("redis");
    expect(readSettings({}, ["--backend=postgres"]).localStore).toBe("postgres");
    expect(readSettings({}, ["--backend", "object"]).localStore).toBe("object");
    const env = {
      CAIRN_BACKEND: "postgres",
      REDIS_URL: "redis://h",
      CAIRN_S3_BUCKET: "b",
      CAIRN_MAX_BODY_BYTES: "9",
    };
    const { bindings } = readSettings(env, ["--backend", "redis"]);
    expect(bindings).toEqual({ CAIRN_R2_MIN_COMMIT_SECONDS: "0", CAIRN_MAX_BODY_BYTES: "9" });
    for (const words of [["--backend"], ["--backend", "mysql"], ["redis"], ["--backend", "toString"]])
      expect(() => readSettings({}, words)).toThrow("object|postgres|redis");
  });

  test("hands variables of Cairn, of OpenTelemetry and of stores to the Worker, but the folder, and nothing else", () => {
    const env = { CAIRN_DATA: "/d", CAIRN_API_KEYS: "[]", CAIRN_EMPTY: "", SECRET: "s", AWS_REGION: "r" };
    const more = { CAIRN_R2_MIN_COMMIT_SECONDS: "1", OTEL_SERVICE_NAME: "n" };
    const { bindings, dataFolder } = readSettings({ ...env, ...more });
    expect(dataFolder).toBe("/d");
    expect(bindings).toEqual({
      CAIRN_API_KEYS: "[]",
      AWS_REGION: "r",
      ...more,
    });
  });

  test.each(["80 80", "-1", "65536", "0x10", "8787.5", "http"])("refuses PORT=%s", (PORT) => {
    expect(() => readSettings({ PORT })).toThrow(`not "${PORT}"`);
  });

  test.each(["0", "80", "65535"])("takes PORT=%s", (PORT) => {
    expect(readSettings({ PORT }).port).toBe(Number(PORT));
  });

  test.each(["0.0.0.0", "::", "192.0.2.1", "127.evil.example", "128.0.0.1"])(
    "opens HOST=%s only with API keys",
    (HOST) => {
      expect(() => readSettings({ HOST })).toThrow("CAIRN_API_KEYS");
      expect(() => readSettings({ HOST, CAIRN_API_KEYS: " " })).toThrow("CAIRN_API_KEYS");
      expect(readSettings({ HOST, CAIRN_API_KEYS: "[{}]" }).host).toBe(HOST);
    },
  );

  test.each([
    ["localhost", "127.0.0.1"],
    ["127.0.0.2", "127.0.0.2"],
    ["::1", "::1"],
  ])("takes HOST=%s without keys", (HOST, host) => {
    expect(readSettings({ HOST }).host).toBe(host);
  });
});

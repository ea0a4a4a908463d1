import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { createCore } from "../../src/state/core.ts";
import { expectProblem, newId, pipeline, withHeaders } from "./contract/client.ts";
import { localService } from "./fixture.ts";

const register = (webhookUrl: string) => ({ recovery: { webhookUrl } });

describe("registration", () => {
  const client = localService();

  it.each([
    "https://127.0.0.1/hook",
    "https://2130706433/hook",
    "https://metadata.google.internal/",
    "https://user:hunter2@example.com/",
    "http://example.com/",
    "ftp://example.com/",
    "hook",
    `https://example.com/${"x".repeat(2048)}`,
  ])("refuses %s, on a new pipeline and on one that is there", async (url) => {
    const id = newId();
    const only = withHeaders({ "if-none-match": "*" });
    for (const options of [undefined, only]) {
      const refused = expectProblem(await client.put(pipeline(id), register(url), options), 400, "malformed");
      expect(refused.errors.map(({ pointer }) => pointer)).toEqual(["/recovery/webhookUrl"]);
      expect(JSON.stringify(refused)).not.toMatch(/hunter2|127|2130706433/);
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    }
    await client.put(pipeline(id), register("https://example.com/hook"));
    expectProblem(await client.put(pipeline(id), register(url)), 400, "malformed");
    expect((await client.get(pipeline(id))).json()).toMatchObject(register("https://example.com/hook"));
  });

  it("takes an origin that the environment exempts, and still no other", async () => {
    const { webhookAllow: allow } = parseEnvironment(
      { CAIRN_WEBHOOK_ALLOW: "http://127.0.0.1:9000, https://redis" },
      "worker",
      true,
    );
    const core = createCore({ backend: memoryBackend(), webhooks: { allow } });
    const exempting = localService({ core });
    const id = newId();
    const exempt = register("http://127.0.0.1:9000/hook");
    expect((await exempting.put(pipeline(id), exempt)).json()).toMatchObject(exempt);
    expect((await exempting.put(pipeline(id), register("https://redis/x"))).status).toBe(200);
    for (const url of ["http://127.0.0.1:9001/hook", "http://redis/x"])
      expectProblem(await exempting.put(pipeline(id), register(url)), 400, "malformed");
  });
});

describe("the environment", () => {
  const secret = `whsec_${btoa("0123456789abcdef01234567")}`;

  it("has no secrets and no exemptions unless it says so", () => {
    expect(parseEnvironment({}, "worker", true)).toMatchObject({ webhookSecrets: null, webhookAllow: [] });
    const given = parseEnvironment({ CAIRN_WEBHOOK_SECRETS: secret }, "worker", true);
    expect(given.webhookSecrets).not.toBeNull();
    expect(JSON.stringify(given)).not.toContain(secret.slice(6));
  });

  it.each([
    ["http://alerts.example.com/x", secret],
    ["https://127.0.0.1/x", secret],
    ["https://alerts.example.com/x", ""],
  ])("takes no alert URL that may not be called, or without secrets: %s", (url, secrets) => {
    const wrong = { CAIRN_ALERT_URL: url, CAIRN_WEBHOOK_SECRETS: secrets };
    expect(() => parseEnvironment(wrong, "worker", true)).toThrow(/^CAIRN_ALERT_URL: (?!.*example)/);
    const right = { CAIRN_ALERT_URL: "https://alerts.example.com/x", CAIRN_WEBHOOK_SECRETS: secret };
    expect(parseEnvironment(right, "worker", true)).toMatchObject({ alertUrl: right.CAIRN_ALERT_URL });
  });

  it("tells what is wrong, without repeating it", () => {
    const wrong = {
      CAIRN_WEBHOOK_SECRETS: `${secret} hunter2`,
      CAIRN_WEBHOOK_ALLOW: "http://127.0.0.1:9000/",
    };
    let thrown: unknown;
    try {
      parseEnvironment(wrong, "worker", true);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: "invalid_configuration",
      facts: {
        errors: [
          {
            pointer: "CAIRN_WEBHOOK_ALLOW",
            message: "must be origins like https://app.example.com",
          },
          { pointer: "CAIRN_WEBHOOK_SECRETS/1", message: "does not begin with whsec_" },
        ],
      },
    });
    expect(String(thrown)).not.toContain("hunter2");
  });
});

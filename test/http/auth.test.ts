import { describe, expect, it } from "vitest";
import { authenticate, parseApiKeys, quotasOf } from "../../src/http/auth.ts";
import { CairnError } from "../../src/model/errors.ts";
import { expectProblem } from "./contract/client.ts";
import { CONTRACT_API_KEYS, tokenOf } from "./contract/keys.ts";
import { localService } from "./fixture.ts";

const key = { id: "a", tenant: "t", scopes: ["read"], sha256: "0".repeat(64) };

function problemsOf(text: string): string[] {
  try {
    parseApiKeys(text);
  } catch (error) {
    if (error instanceof CairnError && error.code === "invalid_configuration") {
      return error.facts.errors!.map(({ pointer }) => pointer);
    }
  }
  throw new Error("no refusal");
}

describe("parseApiKeys", () => {
  it("answers null when there is nothing", () => {
    expect([parseApiKeys(undefined), parseApiKeys(""), parseApiKeys(" ")]).toEqual([null, null, null]);
  });

  it("reports all problems together, and nothing that is secret", () => {
    const text = JSON.stringify([
      { ...key, scopes: [] },
      { ...key, id: "b", tenant: "a/b", sha256: "0123456789abcdef" },
      { ...key, id: "c", scopes: ["root"], secret: "hunter2" },
    ]);
    const names = ["/0/scopes", "/1/tenant", "/1/sha256", "/2/scopes/0", "/2"];
    expect(problemsOf(text)).toEqual(names.map((name) => `CAIRN_API_KEYS${name}`));
    try {
      parseApiKeys(text);
    } catch (error) {
      expect((error as CairnError).message).not.toMatch(/0123456789abcdef|hunter2/);
    }
  });

  it.each(["[]", "{}", "[", "null", '"x"', "[1]"])("refuses %s", (text) => {
    expect(problemsOf(text)).not.toHaveLength(0);
  });

  it("refuses one key twice: it would have two tenants", () => {
    expect(problemsOf(JSON.stringify([key, { ...key, id: "b" }]))).toEqual(["CAIRN_API_KEYS/1/sha256"]);
    const other = { ...key, sha256: "1".repeat(64) };
    expect(problemsOf(JSON.stringify([key, other]))).toEqual(["CAIRN_API_KEYS/1/id"]);
  });

  it("refuses the service's own tenant", () => {
    const own = JSON.stringify([{ ...key, tenant: "cairn.operator" }]);
    expect(problemsOf(own)).toEqual(["CAIRN_API_KEYS/0/tenant"]);
  });

  it("reads a tenant's quota from its keys, which must agree; the others have what holds for all", () => {
    const of = (...quotas: (object | undefined)[]) =>
      JSON.stringify(quotas.map((quota, i) => ({ ...key, id: `${i}`, sha256: `${i}`.repeat(64), quota })));
    const everybody = { bytes: 1000, pipelines: Number.POSITIVE_INFINITY };
    const read = (text: string) => [...quotasOf(parseApiKeys(text), everybody)];
    expect(read(of(undefined))).toEqual([["t", everybody]]);
    expect(read(of(undefined, { bytes: 7 }, { bytes: 7 }))).toEqual([["t", { ...everybody, bytes: 7 }]]);
    expect(quotasOf(null, { ...everybody, bytes: Number.POSITIVE_INFINITY })).toEqual(new Map());
    expect(problemsOf(of({ bytes: 7 }, { bytes: 8 }))).toEqual(["CAIRN_API_KEYS/1/quota"]);
    expect(problemsOf(of({ bytes: 0 }))).toEqual(["CAIRN_API_KEYS/0/quota/bytes"]);
    expect(problemsOf(of({ bytes: 1, colour: 1 }))).toEqual(["CAIRN_API_KEYS/0/quota"]);
  });

  it("finds each key by its token", async () => {
    const keys = parseApiKeys(CONTRACT_API_KEYS);
    const headers = { Authorization: `Bearer ${tokenOf("bob")}` };
    const identity = await authenticate(new Request("https://cairn.example/", { headers }), keys, []);
    expect(identity).toMatchObject({ id: "bob", tenant: "two" });
  });
});

describe("a service without keys", () => {
  it.each([
    "http://localhost",
    "http://localhost:8787",
    "http://LOCALHOST",
    "http://127.0.0.1:1",
    "http://127.9.8.7",
    "http://[::1]:80",
  ])("serves %s as tenant local, with all scopes", async (origin) => {
    const client = localService({ origin });
    expect((await client.put("/v1/pipelines/a/state", {}, { as: null })).status).toBe(201);
    expect((await client.post("/v1/sweep", undefined, { as: null })).status).toBe(200);
    expect((await client.get("/v1/pipelines/a", { as: "bob" })).status).toBe(200);
  });

  it.each([
    "http://cairn.example",
    "http://localhost.example",
    "http://127.example",
    "http://127.0.0.1.example",
    "http://x@example.com",
    "http://[::2]",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "https://example.com:127",
  ])("serves nobody at %s, and says what to configure", async (origin) => {
    const client = localService({ origin: origin.replace("x@", "") });
    const answer = await client.get("/v1/pipelines", { as: "alice" });
    expect(expectProblem(answer, 401, "unauthorized").detail).toContain("CAIRN_API_KEYS");
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer/);
    expect((await client.get("/health", { as: null })).status).toBe(200);
  });

  it("serves no page of another origin, for any site in the browser can reach it", async () => {
    const origin = "http://localhost:8787";
    const client = localService({ origin, corsOrigins: ["https://console.example"] });
    const from = (page: string) =>
      client.post("/v1/sweep", undefined, { as: null, headers: { Origin: page } });
    expectProblem(await from("https://evil.example"), 403, "forbidden");
    expectProblem(await from("http://localhost:87"), 403, "forbidden");
    expectProblem(await from("null"), 403, "forbidden");
    expect((await from(origin)).status).toBe(200);
    expect((await from("https://console.example")).status).toBe(200);
  });
});

describe("CORS", () => {
  const client = localService({ corsOrigins: ["https://app.example"] });
  const preflight = { "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "If-Match" };

  it("lets the pages of listed origins call, and read the headers", async () => {
    const headers = { ...preflight, Origin: "https://app.example" };
    const asked = await client.call("OPTIONS", "/v1/pipelines/a/state", undefined, { headers, as: null });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("X-Request-Id")).toBeTruthy();
    expect(asked.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(asked.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");
    expect(asked.headers.get("Access-Control-Allow-Headers")).toBe("If-Match");
    const saved = await client.put(
      "/v1/pipelines/a/state",
      {},
      { headers: { Origin: "https://app.example" } },
    );
    expect(saved.status).toBe(201);
    expect(saved.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(saved.headers.get("Access-Control-Expose-Headers")).toContain("ETag");
    const refused = await client.get("/v1/pipelines/none", { headers: { Origin: "https://app.example" } });
    expectProblem(refused, 404, "not_found");
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(refused.headers.get("X-Request-Id")).toBeTruthy();
  });

  it.each(["https://app.example.evil.com", "http://app.example", "null"])(
    "and not those of %s",
    async (page) => {
      const headers = { ...preflight, Origin: page };
      const asked = await client.call("OPTIONS", "/v1/pipelines/a/state", undefined, { headers, as: null });
      expect(asked.headers.get("Access-Control-Allow-Origin")).toBeNull();
    },
  );
});

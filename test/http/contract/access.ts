import { describe, expect, it } from "vitest";
import { type Answer, type Client, expectProblem, newId, pipeline } from "./client.ts";
import { type Holder, tokenOf } from "./keys.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";
const MERGE = { headers: { "Content-Type": "application/merge-patch+json" } };

type Send = (client: Client, id: string, as: Holder | null) => Promise<Answer>;

/** Every operation on a pipeline, with the scope it needs. */
const OPERATIONS: [string, "read" | "write", Send][] = [
  ["GET pipeline", "read", (c, id, as) => c.get(pipeline(id), { as })],
  ["GET state", "read", (c, id, as) => c.get(`${pipeline(id)}/state`, { as })],
  ["HEAD state", "read", (c, id, as) => c.call("HEAD", `${pipeline(id)}/state`, undefined, { as })],
  ["GET checkpoints", "read", (c, id, as) => c.get(`${pipeline(id)}/checkpoints`, { as })],
  ["GET checkpoint", "read", (c, id, as) => c.get(`${pipeline(id)}/checkpoints/${NOBODYS}`, { as })],
  [
    "GET checkpoint state",
    "read",
    (c, id, as) => c.get(`${pipeline(id)}/checkpoints/${NOBODYS}/state`, { as }),
  ],
  ["GET diff", "read", (c, id, as) => c.get(`${pipeline(id)}/checkpoints/${NOBODYS}/diff/current`, { as })],
  ["GET export", "read", (c, id, as) => c.get(`${pipeline(id)}/export`, { as })],
  ["GET events", "read", (c, id, as) => c.get(`${pipeline(id)}/events`, { as })],
  ["POST verify", "read", (c, id, as) => c.post(`${pipeline(id)}/checkpoints/${NOBODYS}/verify`, {}, { as })],
  ["POST evaluate", "read", (c, id, as) => c.post(`${pipeline(id)}/evaluate`, {}, { as })],
  ["PATCH state", "write", (c, id, as) => c.patch(`${pipeline(id)}/state`, "{}", { ...MERGE, as })],
  ["POST checkpoints", "write", (c, id, as) => c.post(`${pipeline(id)}/checkpoints`, {}, { as })],
  ["DELETE checkpoint", "write", (c, id, as) => c.delete(`${pipeline(id)}/checkpoints/${NOBODYS}`, { as })],
  [
    "POST lease",
    "write",
    (c, id, as) => c.post(`${pipeline(id)}/lease`, { owner: "w", ttlSeconds: 1 }, { as }),
  ],
  ["PUT lease", "write", (c, id, as) => c.put(`${pipeline(id)}/lease`, {}, { as })],
  ["DELETE lease", "write", (c, id, as) => c.delete(`${pipeline(id)}/lease`, { as })],
  [
    "POST resume",
    "write",
    (c, id, as) => c.post(`${pipeline(id)}/resume`, { owner: "w", ttlSeconds: 1 }, { as }),
  ],
  ["POST recover", "write", (c, id, as) => c.post(`${pipeline(id)}/recover`, {}, { as })],
  ["POST rollback", "write", (c, id, as) => c.post(`${pipeline(id)}/rollback`, {}, { as })],
  ["POST prune", "write", (c, id, as) => c.post(`${pipeline(id)}/prune`, {}, { as })],
  ["POST fork", "write", (c, id, as) => c.post(`${pipeline(id)}/fork`, { pipelineId: "forked" }, { as })],
  ["PATCH pipeline", "write", (c, id, as) => c.patch(pipeline(id), { status: "failed" }, { as })],
  ["DELETE pipeline", "write", (c, id, as) => c.delete(pipeline(id), { as })],
];

export function accessContract(client: Client): void {
  describe("another tenant", () => {
    it.each(OPERATIONS)("%s: sees the same bytes as for what is missing", async (_name, _scope, send) => {
      const id = newId();
      await client.checkpoint(id, "[1]");
      const foreign = await send(client, id, "bob");
      const missing = await send(client, newId(), "bob");
      expect(foreign.status).toBe(404);
      expect(foreign.text).toBe(missing.text);
      const headers = (answer: Answer) =>
        [...answer.headers].filter(([name]) => !["x-request-id", "traceparent", "date"].includes(name));
      expect(headers(foreign)).toEqual(headers(missing));
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe("[1]");
    });

    it("has its own pipelines under the same names", async () => {
      const id = newId();
      await client.save(id, '"alice"');
      await client.save(id, '"bob"', { as: "bob" });
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe('"alice"');
      expect((await client.get(`${pipeline(id)}/state`, { as: "bob" })).text).toBe('"bob"');
      await client.delete(pipeline(id), { as: "bob" });
      expect((await client.get(pipeline(id))).status).toBe(200);
    });

    it("is in no list", async () => {
      const id = newId();
      const label = crypto.randomUUID();
      await client.put(pipeline(id), { labels: { label } });
      const list = async (as: Holder) =>
        (await client.get(`/v1/pipelines?label.label=${label}`, { as })).json().data.length;
      expect([await list("alice"), await list("reader"), await list("bob")]).toEqual([1, 1, 0]);
    });
  });

  describe("scopes", () => {
    it.each(OPERATIONS)("%s needs %s, and no other will do", async (_name, scope, send) => {
      const id = newId();
      await client.save(id);
      const holder = scope === "read" ? "writer" : "reader";
      const refused = await send(client, id, holder);
      expect(refused.status).toBe(403);
      if (refused.text) expect(expectProblem(refused, 403, "forbidden").detail).toContain(scope);
      const allowed = await send(client, id, scope === "read" ? "reader" : "writer");
      expect(allowed.status).not.toBe(403);
      expect(allowed.status).not.toBe(401);
    });

    it("hold for saving, registering and listing as well", async () => {
      const id = newId();
      expectProblem(await client.put(`${pipeline(id)}/state`, {}, { as: "reader" }), 403, "forbidden");
      expectProblem(await client.put(pipeline(id), {}, { as: "reader" }), 403, "forbidden");
      expect((await client.put(`${pipeline(id)}/state`, {}, { as: "writer" })).status).toBe(201);
      expectProblem(await client.get("/v1/pipelines", { as: "writer" }), 403, "forbidden");
      expectProblem(await client.get(`${pipeline(id)}/state`, { as: "writer" }), 403, "forbidden");
    });
  });

  describe("keys", () => {
    it.each(OPERATIONS)("%s needs one", async (_name, _scope, send) => {
      const refused = await send(client, newId(), null);
      expect(refused.status).toBe(401);
      expect(refused.headers.get("WWW-Authenticate")).toMatch(/^Bearer/);
      if (refused.text) expectProblem(refused, 401, "unauthorized");
    });

    it.each([
      "Bearer wrong",
      "Bearer ",
      "Bearer",
      "",
      tokenOf("alice"),
      `Basic ${btoa(`x:${tokenOf("alice")}`)}`,
      `Bearer ${tokenOf("alice")}, Bearer ${tokenOf("bob")}`,
      `Bearer ${tokenOf("alice")} `.concat("x"),
      `Bearer ${tokenOf("alice").toUpperCase()}`,
    ])("Authorization: %s is refused", async (authorization) => {
      const headers = { Authorization: authorization };
      const answer = await client.get("/v1/pipelines", { as: null, headers });
      expectProblem(answer, 401, "unauthorized");
      expect(answer.text).not.toContain(tokenOf("alice"));
    });

    it("the scheme is taken in any case", async () => {
      const headers = { Authorization: `bearer ${tokenOf("alice")}` };
      expect((await client.get("/v1/pipelines", { as: null, headers })).status).toBe(200);
    });

    it("are not asked for where nothing is a tenant's", async () => {
      for (const path of ["/health", "/ready", "/openapi.json", "/docs"]) {
        expect((await client.get(path, { as: null })).status, path).toBe(200);
      }
    });
  });

  it("pages of other origins get no leave", async () => {
    const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "PUT" };
    const answer = await client.call("OPTIONS", `${pipeline("x")}/state`, undefined, { headers, as: null });
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
    const simple = await client.get("/v1/pipelines", { headers: { Origin: "https://evil.example" } });
    expect(simple.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });
}

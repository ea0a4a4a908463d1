import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline } from "./client.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";

/** Every path, and the methods it takes. */
const PATHS: [path: string, allow: string][] = [
  ["/v1/pipelines", "GET, HEAD"],
  ["/v1/pipelines/{id}", "DELETE, GET, HEAD, PATCH, PUT"],
  ["/v1/pipelines/{id}/state", "GET, HEAD, PATCH, PUT"],
  ["/v1/pipelines/{id}/checkpoints", "GET, HEAD, POST"],
  [`/v1/pipelines/{id}/checkpoints/${NOBODYS}`, "DELETE, GET, HEAD"],
  [`/v1/pipelines/{id}/checkpoints/${NOBODYS}/state`, "GET, HEAD"],
  [`/v1/pipelines/{id}/checkpoints/${NOBODYS}/verify`, "POST"],
  [`/v1/pipelines/{id}/checkpoints/${NOBODYS}/diff/current`, "GET, HEAD"],
  ["/v1/pipelines/{id}/evaluate", "POST"],
  ["/v1/pipelines/{id}/lease", "DELETE, POST, PUT"],
  ["/v1/pipelines/{id}/resume", "POST"],
  ["/v1/pipelines/{id}/recover", "POST"],
  ["/v1/pipelines/{id}/rollback", "POST"],
  ["/v1/pipelines/{id}/events", "GET, HEAD"],
  ["/v1/pipelines/{id}/recoverability", "GET, HEAD"],
  ["/v1/profiles/{id}", "DELETE, GET, HEAD"],
  ["/v1/sweep", "POST"],
  ["/v1/metrics", "GET, HEAD"],
  ["/metrics", "GET, HEAD"],
  ["/v1/alerts", "GET, HEAD"],
  ["/health", "GET, HEAD"],
  ["/ready", "GET, HEAD"],
  ["/openapi.json", "GET, HEAD"],
  ["/docs", "GET, HEAD"],
];

export function serviceContract(client: Client): void {
  describe.each(PATHS)("%s", (template, allow) => {
    const path = () => template.replace("{id}", newId());
    const methods = allow.split(", ").filter((method) => method !== "HEAD");

    it("takes its methods and no others", async () => {
      for (const method of ["GET", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]) {
        if (methods.includes(method)) continue;
        const answer = await client.call(method, path());
        expectProblem(answer, 405, "method_not_allowed");
        expect(answer.headers.get("Allow")).toBe(allow);
      }
    });

    it("refuses unknown parameters", async () => {
      for (const method of methods) {
        const answer = await client.call(method, `${path()}?colour=red`, undefined, { as: "admin" });
        const { errors } = expectProblem(answer, 400, "malformed");
        expect(errors).toEqual([{ pointer: "colour", message: "unknown" }]);
      }
    });

    it("refuses conditions that it does not know", async () => {
      const knows = template.endsWith("/state") || template.endsWith("{id}") ? ["PUT", "PATCH"] : [];
      for (const method of methods.filter((each) => each !== "GET" && !knows.includes(each))) {
        const extras = { as: "admin", headers: { "If-Match": '"1"' } } as const;
        expectProblem(await client.call(method, path(), undefined, extras), 400, "malformed");
      }
    });

    it("refuses conditions on a read, but for If-None-Match, where it does not know them", async () => {
      if (!methods.includes("GET")) return;
      for (const name of ["If-Match", "If-Unmodified-Since"]) {
        if (name === "If-Match" && template.endsWith("{id}/state")) continue;
        const value = name === "If-Match" ? '"1"' : "Mon, 23 Nov 2026 08:00:00 GMT";
        const extras = { as: "admin", headers: { [name]: value } } as const;
        const { errors } = expectProblem(await client.get(path(), extras), 400, "malformed");
        expect(errors).toEqual([{ pointer: name, message: expect.any(String) }]);
      }
    });

    it("refuses fields given twice, and whole numbers that would be rounded", async () => {
      const takesJson = template.includes("state") ? [] : methods.filter((method) => method !== "GET");
      for (const method of takesJson) {
        for (const body of ['{"x":1,"x":1}', '{"x":12345678901234567890}']) {
          const answer = await client.call(method, path(), body, { ...asJson, as: "admin" });
          const { errors } = expectProblem(answer, 400, "malformed");
          expect(errors).toEqual([{ pointer: "/x", message: expect.stringMatching(/twice|exactly/) }]);
        }
      }
    });

    it("refuses a query that is not UTF-8", async () => {
      for (const method of methods) {
        for (const query of ["a=%FF", "a=%zz", "%"]) {
          const answer = await client.call(method, `${path()}?${query}`, undefined, { as: "admin" });
          expectProblem(answer, 400, "malformed");
        }
      }
    });

    it("refuses unknown fields, and bodies that are not JSON", async () => {
      const takesJson = template.includes("state") ? [] : methods.filter((method) => method !== "GET");
      for (const method of takesJson) {
        const body = await client.call(method, path(), { colour: 1 }, { as: "admin" });
        const { errors } = expectProblem(body, 400, "malformed");
        expect(errors.map((error) => error.pointer)).toContain("/colour");
        const form = {
          as: "admin",
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
        } as const;
        expectProblem(await client.call(method, path(), "a=b", form), 415, "unsupported_media_type");
        expectProblem(
          await client.call(method, path(), "{", { ...asJson, as: "admin" }),
          400,
          "invalid_json",
        );
      }
    });
  });

  it.each([
    "/",
    "/v1",
    "/v2/pipelines",
    "/v1/pipelinesx",
    "/v1/nope",
    "/v1/pipelines/a/nope",
    "/v1/pipelines/a/state/",
    "/health/",
    "/V1/pipelines",
  ])("%s is not there", async (path) => {
    expectProblem(await client.get(path), 404, "not_found");
  });

  it.each(["prune", "/console"])("%s is not there yet", async (path) => {
    const url = path.startsWith("/") ? path : `${pipeline(newId())}/${path}`;
    expectProblem(await client.call(path.startsWith("/") ? "GET" : "POST", url), 404, "not_found");
  });

  it("gives every answer an id, the caller's if there is one", async () => {
    const paths = ["/health", "/v1/nope", "/v1/pipelines", "/docs", pipeline("%00")];
    for (const path of paths) {
      expect((await client.get(path)).headers.get("X-Request-Id"), path).toMatch(/^[\w.-]{8,}$/);
      const headers = { "X-Request-Id": "mine-1" };
      expect((await client.get(path, { headers })).headers.get("X-Request-Id")).toBe("mine-1");
      const bad = await client.get(path, { headers: { "X-Request-Id": "a b;<c>" } });
      expect(bad.headers.get("X-Request-Id")).not.toContain("<");
    }
  });

  it("is healthy and ready", async () => {
    expect((await client.get("/health")).json()).toEqual({ status: "ok" });
    const ready = await client.get("/ready");
    expect(ready.status).toBe(200);
    expect(ready.json()).toEqual({ ready: true, backend: expect.any(String), problems: [] });
  });

  it("shows its alerts to who may run the sweep", async () => {
    const { status, text } = await client.get("/v1/alerts", { as: "admin" });
    expect(status, text).toBe(200);
    const alerts = JSON.parse(text) as { data: Record<string, unknown>[] };
    expect(alerts).toEqual({
      ...{ data: expect.any(Array), untold: expect.any(Number) },
      evaluatedAt: expect.toSatisfy((at) => at === null || Date.parse(at as string) > 0),
    });
    const thresholds = Object.fromEntries(alerts.data.map(({ name, threshold }) => [name, threshold]));
    expect(thresholds).toEqual({
      ...{ checkpointTime: 30, storageUsage: 0.8, errorRate: 0.05 },
      ...{ sweepLag: 600, interruptedPipelines: 10, drillFailures: 0 },
    });
    for (const alert of alerts.data) {
      expect(Object.keys(alert).sort()).toEqual(["name", "since", "state", "threshold", "value"]);
      expect(alert.since === null).toBe(alert.state === "ok");
    }
    expectProblem(await client.get("/v1/alerts"), 403, "forbidden");
  });

  it("describes itself", async () => {
    const document = await client.get("/openapi.json");
    expect(document.headers.get("Content-Type")).toBe("application/json");
    expect(document.json()).toMatchObject({ openapi: "3.1.0", info: { title: "Cairn" } });
    const docs = await client.get("/docs");
    expect(docs.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(docs.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(docs.text).not.toMatch(/<script|https?:\/\/|style="/);
  });

  it("leads from each problem to its place in the docs", async () => {
    const docs = (await client.get("/docs")).text;
    for (const path of ["/v1/nope", pipeline("%00"), "/v1/pipelines?x=1", "/v1/pipelines?cursor=x"]) {
      const { type } = JSON.parse((await client.get(path)).text) as { type: string };
      expect(docs).toContain(`id="${type.replace("/docs#", "")}"`);
    }
  });
}

import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const BAD: Record<string, string> = {
  "a slash": "a%2Fb",
  "two dots and a slash": "..%2Fother",
  "two dots inside": "a..b",
  "dots at the end": "a..",
  "a null": "a%00",
  "only a null": "%00",
  "a line break": "a%0Ab",
  "a line break at the end": "a%0A",
  "a space": "a%20b",
  "129 characters": "a".repeat(129),
  "a leading dot": ".a",
  "a leading dash": "-a",
  "a leading underscore": "_a",
  "a backslash": "a%5Cb",
  "a question mark": "a%3Fb",
  "a hash": "a%23b",
  "a percent sign": "a%25b",
  "an escaped escape": "a%252Fb",
  "a colon": "a:b",
  "a star": "a*",
  "a Cyrillic look-alike": "%D0%B0bc",
  "a full-width letter": "%EF%BD%81",
  "a two dot leader": "%E2%80%A5",
  "a combining accent": "e%CC%81",
  "broken UTF-8": "a%FF",
  "a broken escape": "a%zz",
  "a cut escape": "a%2",
  "raw Unicode": "ä",
};

const BAD_CHECKPOINTS: Record<string, string> = {
  text: "newest",
  UUIDv4: "3b241101-e2bb-4255-8caf-4136c566a962",
  "capital letters": "019AAF3E-8F00-7C11-B3A1-0F4E5D6C7B8A",
  "no dashes": "019aaf3e8f007c11b3a10f4e5d6c7b8a",
  braces: "%7B019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a%7D",
  "a null": "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a%00",
  "a line break": "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a%0A",
};

const OPERATIONS: [string, string, string?][] = [
  ["GET", ""],
  ["PUT", "", "{}"],
  ["PATCH", "", '{"status":"failed"}'],
  ["DELETE", ""],
  ["GET", "/state"],
  ["PUT", "/state", "{}"],
  ["GET", "/checkpoints"],
  ["POST", "/checkpoints", "{}"],
  ["POST", "/evaluate", "{}"],
  ["POST", "/lease", '{"owner":"w","ttlSeconds":1}'],
  ["PUT", "/lease", "{}"],
  ["DELETE", "/lease"],
  ["POST", "/resume", '{"owner":"w","ttlSeconds":1}'],
  ["POST", "/recover", "{}"],
  ["POST", "/rollback", "{}"],
  ["POST", "/fork", '{"pipelineId":"forked"}'],
  ["GET", "/export"],
  ["GET", "/events"],
];

export function idContract(client: Client): void {
  const send = (method: string, path: string, body?: string) =>
    client.call(
      method,
      path,
      body,
      body === undefined ? {} : { headers: { "Content-Type": "application/json" } },
    );

  describe("ids that cannot be", () => {
    it.each(Object.entries(BAD))("%s", async (_name, id) => {
      for (const [method, suffix, body] of OPERATIONS) {
        expectProblem(await send(method, pipeline(id) + suffix, body), 400, "invalid_id");
      }
    });

    it.each(Object.entries(BAD_CHECKPOINTS))("of a checkpoint: %s", async (_name, checkpointId) => {
      const id = newId();
      await client.save(id);
      const path = `${pipeline(id)}/checkpoints/${checkpointId}`;
      expectProblem(await send("GET", path), 400, "invalid_id");
      expectProblem(await send("DELETE", path), 400, "invalid_id");
      expectProblem(await send("GET", `${path}/state`), 400, "invalid_id");
      expectProblem(await send("POST", `${path}/verify`), 400, "invalid_id");
    });

    it("empty ones", async () => {
      const id = newId();
      await client.save(id);
      for (const [method, suffix, body] of OPERATIONS) {
        expectProblem(await send(method, pipeline("") + suffix, body), 400, "invalid_id");
      }
      expectProblem(await send("GET", `${pipeline(id)}/checkpoints/`), 400, "invalid_id");
      expectProblem(await send("DELETE", `${pipeline(id)}/checkpoints/`), 400, "invalid_id");
      expectProblem(await send("GET", `${pipeline(id)}/checkpoints//state`), 400, "invalid_id");
    });

    // Most clients collapse these before they send them; what arrives must not be another resource.
    it.each(["..", "%2e%2e", "%2E.", ".%2e"])("%s", async (dots) => {
      for (const [method, suffix, body] of OPERATIONS) {
        const answer = await send(method, pipeline(dots) + suffix, body);
        expect([400, 404], `${method} ${suffix}`).toContain(answer.status);
        expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
      }
    });

    it("dots that lead to another pipeline delete nothing", async () => {
      const id = newId();
      await client.checkpoint(id);
      for (const path of [`${pipeline(id)}/checkpoints/..`, `${pipeline(id)}/checkpoints/%2e%2e`]) {
        const answer = await client.delete(path);
        expect([400, 404, 405]).toContain(answer.status);
      }
      expect((await client.get(pipeline(id))).json()).toMatchObject({ version: 1 });
    });
  });

  it("the longest and the plainest ids are taken", async () => {
    for (const id of ["a".repeat(120) + newId("").slice(-8), `${newId("A")}.b_c-D.`, newId("0")]) {
      expect((await client.put(pipeline(id))).status).toBe(201);
      expect((await client.get(pipeline(id))).json().pipelineId).toBe(id);
    }
    const escaped = newId();
    await client.save(escaped);
    expect((await client.get(pipeline(escaped.replace("p", "%70")))).status).toBe(200);
  });
}

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const MERGE = "application/merge-patch+json";
const OPERATIONS = "application/json-patch+json";

export function patchContract(client: Client): void {
  const patch = (
    id: string,
    type: string,
    body: string | object,
    headers: Record<string, string> = {},
    query = "",
  ) =>
    client.patch(`${pipeline(id)}/state${query}`, typeof body === "string" ? body : JSON.stringify(body), {
      headers: { "Content-Type": type, ...headers },
    });
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("PATCH state", () => {
    it("merges (RFC 7396), numbers as they are written", async () => {
      const id = newId();
      await client.save(id, '{"a": {"b": 1, "c": 12345678901234567890}, "d": 1e400, "e": 1.0}');
      const answer = await patch(id, MERGE, '{"a":{"b":null,"n":2.50},"e":-0}');
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"2"');
      expect(answer.json()).toMatchObject({ pipelineId: id, version: 2, checkpoint: null, decision: null });
      expect(await load(id)).toBe('{"a":{"c":12345678901234567890,"n":2.50},"d":1e400,"e":-0}');
    });

    it("applies a JSON Patch (RFC 6902), as a whole or not at all", async () => {
      const id = newId();
      await client.save(id, { list: [1, 3], keep: true });
      const operations = [
        { op: "test", path: "/keep", value: true },
        { op: "add", path: "/list/1", value: 2 },
        { op: "move", from: "/list", path: "/numbers" },
        { op: "copy", from: "/numbers/0", path: "/first" },
        { op: "replace", path: "/keep", value: null },
        { op: "remove", path: "/numbers/2" },
      ];
      expect((await patch(id, OPERATIONS, operations)).status).toBe(200);
      expect(JSON.parse(await load(id))).toEqual({ keep: null, numbers: [1, 2], first: 1 });
      const failing = [
        { op: "add", path: "/x", value: 1 },
        { op: "remove", path: "/none" },
      ];
      const answer = expectProblem(await patch(id, OPERATIONS, failing), 422, "patch_failed");
      expect(answer.errors).toEqual([{ pointer: "/1", message: expect.any(String) }]);
      expect(JSON.parse(await load(id))).not.toHaveProperty("x");
    });

    it("100 appends at once all land", async () => {
      const id = newId();
      await client.save(id, { list: [] });
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, value) =>
          patch(id, OPERATIONS, [{ op: "add", path: "/list/-", value }]),
        ),
      );
      expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
      const { list } = JSON.parse(await load(id)) as { list: number[] };
      expect(list.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }, 60_000);

    it("keeps the type of the state", async () => {
      const id = newId();
      const type = { headers: { "Content-Type": "application/vnd.x+json" } };
      await client.put(`${pipeline(id)}/state`, "{}", type);
      await patch(id, MERGE, { a: 1 });
      const loaded = await client.get(`${pipeline(id)}/state`);
      expect(loaded.headers.get("Content-Type")).toBe("application/vnd.x+json");
    });

    it("checkpoints when asked", async () => {
      const id = newId();
      await client.save(id);
      const answer = await patch(id, MERGE, { a: 1 }, {}, "?checkpoint=always");
      expect(answer.json().checkpoint).toMatchObject({ version: 2, source: "state" });
    });

    it.each(["application/json", "text/plain", "application/merge-patch", ""])(
      "does not take %j",
      async (type) => {
        const id = newId();
        await client.save(id);
        expectProblem(await patch(id, type, "{}"), 415, "unsupported_media_type");
      },
    );

    it.each([
      "{}",
      '[{"op":"add","path":"/a"}]',
      '[{"op":"add","path":"a","value":1}]',
      '[{"op":"x","path":""}]',
      "[1]",
    ])("%s is no JSON Patch", async (body) => {
      const id = newId();
      await client.save(id);
      expectProblem(await patch(id, OPERATIONS, body), 400, "malformed");
    });

    it("refuses what does not parse, and what is too deep", async () => {
      const id = newId();
      await client.save(id);
      for (const type of [MERGE, OPERATIONS]) {
        expectProblem(await patch(id, type, "{"), 400, "invalid_json");
        expectProblem(await patch(id, type, `${"[".repeat(65)}${"]".repeat(65)}`), 422, "too_deep");
      }
      const deep = `${"[".repeat(60)}${"]".repeat(60)}`;
      await client.save(id, deep);
      const inner = "/0".repeat(59);
      const deeper = JSON.stringify([{ op: "add", path: `${inner}/0`, value: JSON.parse(deep) }]);
      expectProblem(await patch(id, OPERATIONS, deeper), 422, "too_deep");
    });

    it("needs a state, and a state that is JSON", async () => {
      const id = newId();
      expectProblem(await patch(id, MERGE, {}), 404, "not_found");
      await client.put(pipeline(id));
      expectProblem(await patch(id, MERGE, {}), 404, "not_found");
      await client.put(`${pipeline(id)}/state`, "{}", { headers: { "Content-Type": "text/plain" } });
      expectProblem(await patch(id, MERGE, {}), 422, "not_json");
    });

    it("honours If-Match, and knows no If-None-Match", async () => {
      const id = newId();
      await client.save(id);
      expect((await patch(id, MERGE, { a: 1 }, { "If-Match": '"1"' })).status).toBe(200);
      const late = await patch(id, MERGE, { a: 2 }, { "If-Match": '"1"' });
      expectProblem(late, 412, "precondition_failed");
      expect(late.headers.get("ETag")).toBe('"2"');
      expect((await patch(id, MERGE, { a: 2 }, { "If-Match": "*" })).status).toBe(200);
      expectProblem(await patch(id, MERGE, {}, { "If-Match": 'W/"3"' }), 412, "precondition_failed");
      expectProblem(await patch(id, MERGE, {}, { "If-None-Match": "*" }), 400, "malformed");
    });

    it("loses none of many at once", async () => {
      const id = newId();
      await client.save(id);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => patch(id, MERGE, { [`k${i}`]: i })),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
      expect(Object.keys(JSON.parse(await load(id))).sort()).toHaveLength(8);
    });

    it("compares Repr-Digest with the patch", async () => {
      const id = newId();
      await client.save(id);
      const good = `sha-256=:${createHash("sha256").update('{"a":1}').digest("base64")}:`;
      expect((await patch(id, MERGE, '{"a":1}', { "Repr-Digest": good })).status).toBe(200);
      expectProblem(await patch(id, MERGE, '{"a":2}', { "Repr-Digest": good }), 400, "digest_mismatch");
    });
  });
}

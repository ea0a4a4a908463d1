import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

export function mergeContract(client: Client): void {
  const merge = (
    id: string,
    version: number | null,
    body: string | object,
    headers: Record<string, string> = {},
    query = "?onConflict=merge",
  ) =>
    client.put(`${pipeline(id)}/state${query}`, typeof body === "string" ? body : JSON.stringify(body), {
      headers: {
        "Content-Type": "application/json",
        ...(version === null ? {} : { "If-Match": `"${version}"` }),
        ...headers,
      },
    });
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("PUT state?onConflict=merge", () => {
    it("saves over the version in If-Match as ever", async () => {
      const id = newId();
      await client.save(id, { a: 1 });
      const answer = await merge(id, 1, '{ "a": 2.0 }');
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"2"');
      expect(await load(id)).toBe('{ "a": 2.0 }');
    });

    it("merges with what others saved since, numbers as they are written", async () => {
      const id = newId();
      await client.checkpoint(id, '{"a":1,"x":{"b":1,"c":12345678901234567890},"l":[1,2,3]}');
      await client.save(id, '{"a":1.50,"x":{"b":1,"c":12345678901234567890},"l":[1,9,3]}');
      await client.save(id, '{"a":1.50,"x":{"b":7,"c":12345678901234567890},"l":[1,9,3]}');
      const answer = await merge(id, 1, '{"a":1,"x":{"b":1,"c":1e400},"l":[1,2,3,4],"__proto__":0}');
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"4"');
      const text = '{"a":1.50,"x":{"b":7,"c":1e400},"l":[1,9,3,4],"__proto__":0}';
      expect(await load(id)).toBe(text);
      expect(answer.json()).toMatchObject({
        pipelineId: id,
        version: 4,
        bytes: text.length,
        sha256: createHash("sha256").update(text).digest("hex"),
        checkpoint: null,
        decision: null,
      });
    });

    it("lists what clashes with the version it is at, and saves nothing", async () => {
      const id = newId();
      await client.save(id, { a: 1, "b/c": { d: 1 }, e: 1 });
      await client.save(id, { a: 2, "b/c": {}, e: 1 });
      const answer = await merge(id, 1, { a: 3, "b/c": { d: 2 }, e: 2 });
      const { errors } = expectProblem(answer, 409, "merge_conflict");
      expect(errors).toEqual([
        { pointer: "/a", message: expect.any(String) },
        { pointer: "/b~1c/d", message: expect.any(String) },
      ]);
      expect(answer.headers.get("ETag")).toBe('"2"');
      expect(await load(id)).toBe('{"a":2,"b/c":{},"e":1}');
    });

    it("lists 100 clashes at most", async () => {
      const id = newId();
      const of = (value: number) =>
        Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, value]));
      await client.save(id, of(0));
      await client.save(id, of(1));
      const problem = expectProblem(await merge(id, 1, of(2)), 409, "merge_conflict");
      expect(problem.errors).toHaveLength(100);
      expect(problem.detail).toContain("150 places");
    });

    it("settles clashes by the pipeline's merge policy", async () => {
      const id = newId();
      const policy = { "/n": "sum", "/l": "union", "/m": "max", "/o": "ours", "/t": "theirs" };
      await client.put(pipeline(id), { merge: policy });
      await client.save(id, { n: 1, l: [1], m: 1, o: { x: 1, y: 1 }, t: 1 });
      await client.save(id, { n: 2, l: [1, 2], m: 2, o: { x: 2, y: 1 }, t: 2 });
      const answer = await merge(id, 1, { n: 4, l: [1, 3], m: 3, o: { x: 3, y: 3 }, t: 3 });
      expect(answer.status, answer.text).toBe(200);
      expect(await load(id)).toBe('{"n":5,"l":[1,2,3],"m":3,"o":{"x":2,"y":3},"t":3}');
    });

    it("checkpoints what it made", async () => {
      const id = newId();
      await client.save(id, { a: 1, b: 1 });
      await client.save(id, { a: 2, b: 1 });
      const query = "?onConflict=merge&checkpoint=always";
      const { checkpoint } = (await merge(id, 1, { a: 1, b: 2 }, {}, query)).json();
      expect(checkpoint).toMatchObject({ version: 3, source: "state" });
      const kept = await client.get(`${pipeline(id)}/checkpoints/${checkpoint.checkpointId}/state`);
      expect(kept.text).toBe('{"a":2,"b":2}');
    });

    it("needs the one version that the state was made from", async () => {
      const id = newId();
      await client.save(id, { a: 1 });
      const conditions = [
        {},
        { "If-Match": "*" },
        { "If-Match": '"1", "2"' },
        { "If-Match": 'W/"1"' },
        { "If-None-Match": "*" },
      ];
      for (const headers of conditions) {
        const { errors } = expectProblem(await merge(id, null, {}, headers), 400, "malformed");
        expect(errors).toEqual([{ pointer: "If-Match", message: expect.any(String) }]);
      }
      const answer = await merge(id, 7, { a: 2 });
      expectProblem(answer, 412, "precondition_failed");
      expect(answer.headers.get("ETag")).toBe('"1"');
      await client.save(id, { a: 2 });
      await client.put(`${pipeline(id)}/state`, "other", { headers: { "Content-Type": "text/plain" } });
      await client.save(id, { a: 3 });
      const gone = expectProblem(await merge(id, 1, { a: 1 }), 412, "precondition_failed");
      expect(gone.detail).toContain("not kept any more");
      expectProblem(await merge(newId(), 1, {}), 412, "precondition_failed");
    });

    it("is for JSON alone, and for whole states", async () => {
      const id = newId();
      await client.put(`${pipeline(id)}/state`, "text", { headers: { "Content-Type": "text/plain" } });
      await client.save(id, { a: 1 });
      const text = { "Content-Type": "text/plain" };
      expectProblem(await merge(id, 2, "text", text), 422, "not_json");
      expectProblem(await merge(id, 1, {}), 422, "not_json");
      expectProblem(await merge(id, 2, "{"), 400, "invalid_json");
      const parts = { "Content-Type": "application/vnd.cairn.parts+json" };
      const { errors } = expectProblem(await merge(id, 2, "{}", parts), 400, "malformed");
      expect(errors).toEqual([{ pointer: "onConflict", message: expect.any(String) }]);
    });

    it("is not for PATCH", async () => {
      const id = newId();
      await client.save(id, { a: 1 });
      const headers = { "Content-Type": "application/merge-patch+json", "If-Match": '"1"' };
      const answer = await client.patch(`${pipeline(id)}/state?onConflict=merge`, "{}", { headers });
      const { errors } = expectProblem(answer, 400, "malformed");
      expect(errors).toEqual([{ pointer: "onConflict", message: expect.stringContaining("PUT") }]);
    });

    it("needs the fence of a live lease", async () => {
      const id = newId();
      await client.save(id, { a: 1, b: 1 });
      const fence = { "Cairn-Fence": String(await client.lease(id)) };
      await client.save(id, { a: 2, b: 1 }, { headers: fence });
      expectProblem(await merge(id, 1, { a: 3, b: 1 }), 409, "lease_held");
      expectProblem(await merge(id, 1, { a: 1, b: 2 }, { "Cairn-Fence": "99" }), 409, "fence_lost");
      expect((await merge(id, 1, { a: 1, b: 2 }, fence)).status).toBe(200);
      expect(await load(id)).toBe('{"a":2,"b":2}');
    });

    it("repeated with one key, answers as the first time", async () => {
      const id = newId();
      await client.save(id, { a: 1, b: 1 });
      await client.save(id, { a: 2, b: 1 });
      const headers = { "Idempotency-Key": "merge-once" };
      const first = await merge(id, 1, { a: 1, b: 2 }, headers);
      await client.save(id, { a: 9, b: 9 });
      const again = await merge(id, 1, { a: 1, b: 2 }, headers);
      expect(again.text).toBe(first.text);
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expectProblem(await merge(id, 1, { a: 1, b: 3 }, headers), 422, "idempotency_mismatch");
    });

    it("loses none of many at once", async () => {
      const id = newId();
      await client.checkpoint(id, { n: 0 });
      await client.put(pipeline(id), { merge: { "/n": "sum" } });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => merge(id, 1, { n: 1, [`k${i}`]: i })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      const state = JSON.parse(await load(id));
      expect([state.n, Object.keys(state).length]).toEqual([20, 21]);
    }, 60_000);
  });
}

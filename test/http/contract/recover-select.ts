import { describe, expect, it } from "vitest";
import { type Client, type Extras, expectProblem, newId, pipeline } from "./client.ts";

export function recoverSelectContract(client: Client): void {
  const recover = (id: string, body: object, extras?: Extras) =>
    client.post(`${pipeline(id)}/recover`, body, extras);
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("POST recover with select", () => {
    it("takes only these parts from the checkpoint, as a new version", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id, '{"config":{"rate":1.0},"done":[1],"big":1e400}');
      await client.save(id, '{"config":null,"done":[1,2],"new":-0}');
      const answer = await recover(id, { select: ["/config", "/big"] });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"3"');
      const { sha256, bytes } = answer.json();
      expect(answer.json()).toMatchObject({ version: 3, checkpointId, contentType: "application/json" });
      expect(JSON.parse(answer.text).quarantined).toEqual([]);
      const text = '{"config":{"rate":1.0},"done":[1,2],"new":-0,"big":1e400}';
      expect(await load(id)).toBe(text);
      expect(bytes).toBe(text.length);
      expect((await client.get(pipeline(id))).json()).toMatchObject({ sha256, version: 3 });
      const { data } = (await client.get(`${pipeline(id)}/events`)).json();
      expect(data[0]).toMatchObject({ type: "recovered", checkpointId });
    });

    it("from a checkpoint that is named; then a rollback goes back from what it made", async () => {
      const id = newId();
      const first = await client.checkpoint(id, '{"a":1,"b":1}');
      const second = await client.checkpoint(id, '{"a":2,"b":2}');
      expect((await recover(id, { checkpointId: first, select: ["/b"] })).status).toBe(200);
      expect(await load(id)).toBe('{"a":2,"b":1}');
      expect((await client.post(`${pipeline(id)}/rollback`, {})).json().checkpointId).toBe(second);
      expect(await load(id)).toBe('{"a":2,"b":2}');
    });

    it("keeps the content type of the state", async () => {
      const id = newId();
      await client.checkpoint(id, '{"a":1}', { headers: { "Content-Type": "application/vnd.x+json" } });
      await client.save(id, "{}", { headers: { "Content-Type": "application/vnd.y+json" } });
      expect((await recover(id, { select: ["/a"] })).json()).toMatchObject({
        contentType: "application/vnd.y+json",
      });
      expect(await load(id)).toBe('{"a":1}');
    });

    it("refuses parts that are not there, each by its pointer, and writes nothing", async () => {
      const id = newId();
      await client.checkpoint(id, '{"a":{"b":1},"list":[1,2,3]}');
      await client.save(id, '{"a":7,"list":[]}');
      const refused = expectProblem(
        await recover(id, { select: ["/list", "/gone", "/a/b", "/list/2"] }),
        422,
        "select_failed",
      );
      expect(refused.errors).toEqual([
        { pointer: "/gone", message: expect.any(String) },
        { pointer: "/a/b", message: expect.any(String) },
      ]);
      expect((await client.get(pipeline(id))).json()).toMatchObject({ version: 2, revision: 2 });
    });

    it("refuses what is not JSON", async () => {
      const id = newId();
      const text = { headers: { "Content-Type": "text/plain" } };
      await client.checkpoint(id, "plain", text);
      await client.save(id, "{}");
      expectProblem(await recover(id, { select: ["/a"] }), 422, "not_json");
      const other = newId();
      await client.checkpoint(other, '{"a":1}');
      await client.save(other, "plain", text);
      expectProblem(await recover(other, { select: ["/a"] }), 422, "not_json");
      expectProblem(await recover(newId(), { select: ["/a"] }), 404, "not_found");
    });

    it("is applied once: sent again it answers the same, with other parts it is refused", async () => {
      const id = newId();
      await client.checkpoint(id, '{"a":1,"b":1}');
      await client.save(id, '{"a":2,"b":2}');
      const extras = { headers: { "Idempotency-Key": `select-${id}` } };
      const first = await recover(id, { select: ["/a"] }, extras);
      expect(first.status, first.text).toBe(200);
      await client.save(id, '{"a":3,"b":3}');
      const again = await recover(id, { select: ["/a"] }, extras);
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expect(again.text).toBe(first.text);
      expect(await load(id)).toBe('{"a":3,"b":3}');
      expectProblem(await recover(id, { select: ["/b"] }, extras), 422, "idempotency_mismatch");
      expectProblem(await recover(id, {}, extras), 422, "idempotency_mismatch");
    });

    it("needs the fence of a live lease, or force", async () => {
      const id = newId();
      await client.checkpoint(id, '{"a":1}');
      const fence = await client.lease(id);
      expectProblem(await recover(id, { select: ["/a"] }), 409, "lease_held");
      const fenced = { headers: { "Cairn-Fence": String(fence) } };
      expect((await recover(id, { select: ["/a"] }, fenced)).status).toBe(200);
      expect((await recover(id, { select: ["/a"], force: true }, { as: "admin" })).status).toBe(200);
      expect((await client.get(pipeline(id))).json()).toMatchObject({ lease: null, version: 3 });
    });
  });
}

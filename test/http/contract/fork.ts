import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";

export function forkContract(client: Client): void {
  const fork = (id: string, body: object, extras = asJson) =>
    client.post(`${pipeline(id)}/fork`, JSON.stringify(body), extras);
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("POST fork", () => {
    it("starts a new pipeline from the newest checkpoint, with the settings, and both go on by themselves", async () => {
      const [id, into] = [newId(), newId()];
      const settings = { kind: "etl", labels: { team: "search" }, retention: { keepLast: 7 } };
      await client.put(pipeline(id), settings);
      const checkpointId = await client.checkpoint(id, '{"n":  1}');
      await client.save(id, '{"n":2}');
      const made = await fork(id, { pipelineId: into });
      expect(made.status, made.text).toBe(201);
      expect(made.headers.get("Location")).toBe(pipeline(into));
      const { forkedFrom, ...view } = made.json() as unknown as Record<string, unknown>;
      expect(forkedFrom).toEqual({ pipelineId: id, checkpointId, version: 1 });
      expect((await client.get(pipeline(into))).json()).toEqual(view);
      expect(view).toMatchObject({
        ...settings,
        pipelineId: into,
        version: 1,
        checkpointCount: 0,
        verified: true,
      });
      expect(await load(into)).toBe('{"n":  1}');
      await client.save(into, '{"n":3}');
      await client.delete(`${pipeline(id)}/checkpoints/${checkpointId}`);
      expect([await load(id), await load(into)]).toEqual(['{"n":2}', '{"n":3}']);
      await client.delete(pipeline(id));
      expect(await load(into)).toBe('{"n":3}');
    });

    it("is an event of both", async () => {
      const [id, into] = [newId(), newId()];
      const checkpointId = await client.checkpoint(id);
      const fence = await client.lease(id);
      expect((await fork(id, { pipelineId: into })).status).toBe(201);
      for (const each of [id, into]) {
        const { data } = (await client.get(`${pipeline(each)}/events`)).json();
        expect(data[0]).toMatchObject({ type: "forked", checkpointId });
      }
      await client.save(id, "{}", withHeaders({ "Cairn-Fence": String(fence) }));
    });

    it("begins with the checkpoint named, or with the state where there is none", async () => {
      const [id, first, second] = [newId(), newId(), newId()];
      await client.save(id, '{"n":1}');
      const made = await fork(id, { pipelineId: first });
      expect(made.json()).toMatchObject({ forkedFrom: { checkpointId: null, version: 1 } });
      const checkpointId = await client.checkpoint(id, '{"n":2}');
      await client.checkpoint(id, '{"n":3}');
      await fork(id, { pipelineId: second, checkpointId });
      expect([await load(first), await load(second)]).toEqual(['{"n":1}', '{"n":2}']);
    });

    it("is made once by its key", async () => {
      const [id, into] = [newId(), newId()];
      await client.checkpoint(id, '{"n":1}');
      const extras = withHeaders({ "Idempotency-Key": newId() });
      const first = await fork(id, { pipelineId: into }, extras);
      await client.checkpoint(id, '{"n":2}');
      const again = await fork(id, { pipelineId: into }, extras);
      expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([201, "true"]);
      expect(again.json()).toEqual(first.json());
      const other = { pipelineId: into, checkpointId: NOBODYS };
      expectProblem(await fork(id, other, extras), 422, "idempotency_mismatch");
    });

    it("never over a pipeline that is there; a deleted one starts anew", async () => {
      const [id, into] = [newId(), newId()];
      await client.checkpoint(id, '{"n":1}');
      await client.save(into, '{"mine":true}');
      expectProblem(await fork(id, { pipelineId: into }), 412, "precondition_failed");
      expectProblem(await fork(id, { pipelineId: id }), 412, "precondition_failed");
      expect(await load(into)).toBe('{"mine":true}');
      await client.delete(pipeline(into));
      expect((await fork(id, { pipelineId: into })).json()).toMatchObject({ version: 2 });
      expect(await load(into)).toBe('{"n":1}');
    });

    it("is refused for what is not there, is deleted, or is no id, and then makes nothing", async () => {
      const [id, into] = [newId(), newId()];
      expectProblem(await fork(id, { pipelineId: into }), 404, "not_found");
      await client.put(pipeline(id));
      expectProblem(await fork(id, { pipelineId: into }), 404, "not_found");
      await client.checkpoint(id);
      expectProblem(await fork(id, { pipelineId: into, checkpointId: NOBODYS }), 404, "not_found");
      expectProblem(await fork(id, {}), 400, "malformed");
      expectProblem(await fork(id, { pipelineId: "../x" }), 400, "malformed");
      expectProblem(await fork(id, { pipelineId: into, more: 1 }), 400, "malformed");
      expectProblem(
        await fork(id, { pipelineId: into }, { ...asJson, as: "reader" } as typeof asJson),
        403,
        "forbidden",
      );
      expectProblem(
        await fork(id, { pipelineId: into }, { ...asJson, as: "bob" } as typeof asJson),
        404,
        "not_found",
      );
      await client.delete(pipeline(id));
      expectProblem(await fork(id, { pipelineId: into }), 410, "pipeline_deleted");
      expectProblem(await client.get(pipeline(into)), 404, "not_found");
    });
  });
}

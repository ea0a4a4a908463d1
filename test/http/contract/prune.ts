import { describe, expect, it } from "vitest";
import { type Answer, type Client, type Extras, expectProblem, newId, pipeline } from "./client.ts";

interface Pruned {
  dropped: { checkpointId: string; version: number; storedBytes: number; reason: string }[];
  kept: number;
  freedBytes: number;
}

export function pruneContract(client: Client): void {
  const prune = (id: string, query = "", extras: Extras = {}) =>
    client.post(`${pipeline(id)}/prune${query}`, undefined, extras);
  const listed = async (id: string) =>
    (await client.get(`${pipeline(id)}/checkpoints`)).json().data.map((each) => each.checkpointId);

  function pruned(answer: Answer): Pruned {
    expect(answer.status, answer.text).toBe(200);
    return JSON.parse(answer.text);
  }

  /** A pipeline with so many checkpoints, and their ids, oldest first. */
  async function checkpointed(retention: object, count: number): Promise<{ id: string; ids: string[] }> {
    const id = newId();
    await client.put(pipeline(id), { retention });
    const ids: string[] = [];
    for (let n = 1; n <= count; n++) ids.push(await client.checkpoint(id, `[${n}]`));
    return { id, ids };
  }

  describe("POST prune", () => {
    it("applies the retention; the dry run tells the same and changes nothing", async () => {
      const { id, ids } = await checkpointed({ keepLast: 3 }, 5);
      const told = pruned(await prune(id, "?dryRun=true"));
      expect(told).toEqual({
        dropped: [
          { checkpointId: ids[1], version: 2, storedBytes: expect.any(Number), reason: "keepLast" },
          { checkpointId: ids[0], version: 1, storedBytes: expect.any(Number), reason: "keepLast" },
        ],
        kept: 3,
        freedBytes: expect.any(Number),
      });
      expect(await listed(id)).toHaveLength(5);
      const { revision } = (await client.get(pipeline(id))).json();
      expect(pruned(await prune(id, "?dryRun=true"))).toEqual(told);
      expect((await client.get(pipeline(id))).json().revision).toBe(revision);

      expect(pruned(await prune(id))).toEqual(told);
      expect(await listed(id)).toEqual(ids.slice(2).reverse());
      expect((await client.get(pipeline(id))).json()).toMatchObject({ checkpointCount: 3, version: 5 });
      expectProblem(await client.get(`${pipeline(id)}/checkpoints/${ids[0]}/state`), 404, "not_found");
      expect((await client.get(`${pipeline(id)}/checkpoints/${ids[2]}/state`)).text).toBe("[3]");
      const { data } = (await client.get(`${pipeline(id)}/events`)).json();
      expect(data.filter(({ type }) => type === "pruned")).toMatchObject([{ detail: "2 checkpoints" }]);
      expect(pruned(await prune(id, "?dryRun=false"))).toEqual({ dropped: [], kept: 3, freedBytes: 0 });
    });

    it("by default keeps the last 100; the young stay", async () => {
      const { id } = await checkpointed({}, 3);
      expect(pruned(await prune(id))).toEqual({ dropped: [], kept: 3, freedBytes: 0 });
      const young = await checkpointed({ keepLast: 1, keepForSeconds: 3600 }, 3);
      expect(pruned(await prune(young.id))).toMatchObject({ dropped: [], kept: 3 });
    });

    it("where bytes are short, the oldest go, but not what recovery rests on", async () => {
      const { id, ids } = await checkpointed({ maxBytes: 0 }, 4);
      const { dropped, kept } = pruned(await prune(id));
      expect(dropped.map(({ checkpointId, reason }) => [checkpointId, reason])).toEqual([
        [ids[1], "maxBytes"],
        [ids[0], "maxBytes"],
      ]);
      expect(kept).toBe(2);
      expect((await client.post(`${pipeline(id)}/recover`, {})).json().checkpointId).toBe(ids[3]);
    });

    it("needs no fence, and leaves the holder its lease", async () => {
      const { id } = await checkpointed({ keepLast: 2 }, 3);
      const fence = await client.lease(id);
      expect(pruned(await prune(id)).dropped).toHaveLength(1);
      expect((await client.get(pipeline(id))).json()).toMatchObject({ fence, lease: { owner: "worker-1" } });
      await client.save(id, "[9]", { headers: { "Cairn-Fence": String(fence) } });
    });

    it("is refused where there is nothing, and to those who may only read", async () => {
      const { id } = await checkpointed({ keepLast: 1 }, 1);
      expectProblem(await prune(newId()), 404, "not_found");
      expectProblem(await prune(id, "", { as: "reader" }), 403, "forbidden");
      expectProblem(await prune(id, "?dryRun=maybe"), 400, "malformed");
      expectProblem(await prune(id, "?dry=true"), 400, "malformed");
      expectProblem(await client.post(`${pipeline(id)}/prune`, { keepLast: 1 }), 400, "malformed");
      await client.delete(pipeline(id));
      expectProblem(await prune(id), 410, "pipeline_deleted");
    });
  });

  describe("POST cleanup", () => {
    const clean = (id: string, body: object, extras: Extras = {}) =>
      client.post(`${pipeline(id)}/cleanup`, body, extras);

    it("deletes by its own rules, whatever the retention is; sent again it tells the same", async () => {
      const { id, ids } = await checkpointed({ keepLast: 100 }, 4);
      const headers = { "Idempotency-Key": newId() };
      const first = await clean(id, { keepLast: 2 }, { headers });
      expect([first.status, first.json()]).toEqual([200, { deleted: 2 }]);
      expect((await clean(id, { keepLast: 2 }, { headers })).json()).toEqual({ deleted: 2 });
      expectProblem(await clean(id, { keepLast: 1 }, { headers }), 422, "idempotency_mismatch");
      expect(await listed(id)).toEqual(ids.slice(2).reverse());
      expect((await clean(id, { keepLast: 1, olderThanSeconds: 3600 })).json()).toEqual({ deleted: 0 });
    });

    it("needs the fence of a live lease, or force", async () => {
      const { id } = await checkpointed({}, 4);
      await client.post(`${pipeline(id)}/lease`, { owner: "w", ttlSeconds: 60 });
      expectProblem(await clean(id, { keepLast: 1 }), 409, "lease_held");
      expectProblem(await clean(id, { keepLast: 1, force: true }, { as: "writer" }), 403, "forbidden");
      expect((await clean(id, { keepLast: 1, force: true }, { as: "admin" })).json()).toEqual({ deleted: 2 });
      expectProblem(await clean(id, { keepLast: -1 }), 400, "malformed");
      expectProblem(await clean(newId(), {}), 404, "not_found");
    });
  });
}

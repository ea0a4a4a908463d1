import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

export function pipelineContract(client: Client): void {
  describe("pipelines", () => {
    it("are registered, shown and changed", async () => {
      const id = newId();
      const settings = {
        kind: "nightly-etl",
        labels: { team: "search", "a/b": "" },
        policy: { strategy: "time", maxIntervalSeconds: 60 },
        retention: { keepLast: 5 },
        recovery: { auto: true, webhookUrl: "https://example.com/hook" },
        tasks: [{ name: "train", seconds: 10, after: ["collect"], bytes: 1, criticality: 0.5 }],
        merge: { "/counts": "sum" },
      };
      const created = await client.put(pipeline(id), settings);
      expect(created.status).toBe(201);
      expect(created.json()).toEqual({
        pipelineId: id,
        ...settings,
        status: "running",
        version: 0,
        revision: 1,
        fence: 0,
        attempt: 0,
        bytes: 0,
        storedBytes: 0,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        savedAt: null,
        lease: null,
        contentType: null,
        sha256: null,
        verified: false,
        checkpointCount: 0,
        lastCheckpoint: null,
      });
      expect((await client.get(pipeline(id))).json()).toEqual(created.json());
      const changed = await client.put(pipeline(id), { kind: "other" });
      expect(changed.status).toBe(200);
      expect(changed.json()).toMatchObject({ ...settings, kind: "other", revision: 2 });
    });

    it("tell what a crash would cost: work since the last save, nothing once they ended", async () => {
      const id = newId();
      await client.save(id);
      const shown = async () => (await client.get(`${pipeline(id)}/recoverability`)).json();
      expect(Object.keys(await shown())).toEqual(["rpoSeconds", "verified", "rtoSeconds"]);
      await client.patch(pipeline(id), { status: "completed" });
      expect(await shown()).toMatchObject({ rpoSeconds: 0, verified: true });
    });

    it("come to be with their first save", async () => {
      const id = newId();
      await client.save(id);
      expect((await client.get(pipeline(id))).json()).toMatchObject({
        kind: "default",
        status: "running",
        retention: { keepLast: 100 },
        version: 1,
      });
    });

    it.each([
      [{ kind: "no spaces" }, "/kind"],
      [{ labels: { " ": "x" } }, "/labels/ "],
      [{ labels: { a: 1 } }, "/labels/a"],
      [{ policy: { strategy: "often" } }, "/policy/strategy"],
      [{ policy: { colour: 1 } }, "/policy/colour"],
      [{ retention: { keepLast: 0 } }, "/retention/keepLast"],
      [{ recovery: { webhookUrl: "http://example.com" } }, "/recovery/webhookUrl"],
      [{ tasks: [{ name: "a" }, {}] }, "/tasks/1/name"],
      [{ merge: { a: "sum" } }, "/merge/a"],
      [{ status: "running" }, "/status"],
      ["x", ""],
    ])("refuse %j", async (body, pointer) => {
      const id = newId();
      const sent = typeof body === "string" ? JSON.stringify(body) : body;
      const { errors } = expectProblem(await client.put(pipeline(id), sent, asJson), 400, "malformed");
      expect(errors.map((error) => error.pointer)).toEqual([pointer]);
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    });

    it("end once, and labels change", async () => {
      const id = newId();
      await client.save(id);
      const labelled = await client.patch(pipeline(id), { labels: { a: "b" } });
      expect(labelled.json()).toMatchObject({ labels: { a: "b" }, status: "running" });
      expect((await client.patch(pipeline(id), { status: "completed" })).json()).toMatchObject({
        status: "completed",
      });
      expect((await client.patch(pipeline(id), { status: "completed" })).status).toBe(200);
      expectProblem(await client.patch(pipeline(id), { status: "failed" }), 422, "invalid_transition");
      expectProblem(await client.patch(pipeline(newId()), { status: "failed" }), 404, "not_found");
    });

    it.each([{}, { status: "running" }, { status: "completed", kind: "x" }, { force: true }])(
      "PATCH refuses %j",
      async (body) => {
        const id = newId();
        await client.save(id);
        expectProblem(await client.patch(pipeline(id), body, { as: "admin" }), 400, "malformed");
      },
    );
  });

  describe("GET pipelines", () => {
    it("lists by id in pages and filters", async () => {
      const run = crypto.randomUUID().slice(0, 8);
      const ids = Array.from({ length: 5 }, (_, i) => `${run}-${i}`);
      for (const [i, id] of ids.entries()) {
        await client.put(pipeline(id), {
          kind: i < 3 ? "etl" : "train",
          labels: { run, odd: String(i % 2) },
        });
      }
      const names = async (query: string) => {
        const answer = await client.get(`/v1/pipelines?label.run=${run}${query}`);
        expect(answer.status, answer.text).toBe(200);
        return answer.json().data.map((each) => each.pipelineId);
      };
      expect(await names("")).toEqual(ids);
      expect(await names("&kind=train")).toEqual(ids.slice(3));
      expect(await names("&label.odd=1")).toEqual([ids[1], ids[3]]);
      expect(await names("&label.odd=1&kind=etl")).toEqual([ids[1]]);
      expect(await names("&status=completed")).toEqual([]);
      expect(await names("&updatedBefore=2020-01-01T00:00:00Z")).toEqual([]);
      expect(await names("&updatedBefore=2100-01-01T00:00:00.5Z&status=running")).toEqual(ids);
      await client.delete(pipeline(ids[2]!));
      await client.patch(pipeline(ids[3]!), { status: "completed" });
      expect(await names("&status=completed")).toEqual([ids[3]]);
      expect(await names("")).toEqual([ids[0], ids[1], ids[3], ids[4]]);
      const seen: string[] = [];
      for (let cursor = ""; ; ) {
        const page = (await client.get(`/v1/pipelines?label.run=${run}&limit=2${cursor}`)).json();
        seen.push(...page.data.map((each) => each.pipelineId));
        if (!page.hasMore) break;
        cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
      }
      expect(seen).toEqual([ids[0], ids[1], ids[3], ids[4]]);
      const [summary] = (await client.get(`/v1/pipelines?label.run=${run}`)).json().data;
      expect(summary).not.toHaveProperty("policy");
    });

    it.each([
      ["status=sleeping", "status"],
      ["kind=no%20spaces", "kind"],
      ["label.%20=x", "label. "],
      ["label=x", "label"],
      ["updatedBefore=yesterday", "updatedBefore"],
      ["updatedBefore=2026-01-01T00:00:00%2B01:00", "updatedBefore"],
      ["limit=501", "limit"],
      ["colour=red", "colour"],
      ["kind=a&kind=b", "kind"],
      ["label.a=1&label.a=2", "label.a"],
      ["__proto__=1", "__proto__"],
      ["label.__proto__=1", "label.__proto__"],
    ])("refuses ?%s", async (query, pointer) => {
      const { errors } = expectProblem(await client.get(`/v1/pipelines?${query}`), 400, "malformed");
      expect(errors).toEqual([{ pointer, message: expect.any(String) }]);
    });

    it("takes only the cursors of its own", async () => {
      for (const cursor of ["", "x", "%FF", btoa("checkpoints:1"), "ä"]) {
        const answer = await client.get(`/v1/pipelines?cursor=${encodeURIComponent(cursor)}`);
        expectProblem(answer, 400, "invalid_cursor");
      }
    });
  });

  describe("GET events", () => {
    it("tells what happened, newest first, in pages", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id);
      const fence = await client.lease(id, "w");
      await client.delete(`${pipeline(id)}/lease`, { headers: { "Cairn-Fence": String(fence) } });
      await client.post(`${pipeline(id)}/recover`);
      await client.patch(pipeline(id), { status: "completed" });
      const all = (await client.get(`${pipeline(id)}/events`)).json();
      const types = ["completed", "recovered", "released", "leased", "checkpointed", "created"];
      expect(all.data.map((event) => event.type)).toEqual(types);
      expect(all.data[1]).toMatchObject({
        checkpointId,
        eventId: expect.any(String),
        at: expect.any(String),
      });
      expect(new Set(all.data.map((event) => event.eventId)).size).toBe(types.length);
      const seen: string[] = [];
      for (let cursor = ""; ; ) {
        const page = (await client.get(`${pipeline(id)}/events?limit=4${cursor}`)).json();
        seen.push(...page.data.map((event) => event.type));
        if (!page.hasMore) break;
        cursor = `&cursor=${page.cursor}`;
      }
      expect(seen).toEqual(types);
    });

    it("refuses what it does not know", async () => {
      const id = newId();
      await client.save(id);
      expectProblem(await client.get(`${pipeline(id)}/events?type=created`), 400, "malformed");
      expectProblem(await client.get(`${pipeline(id)}/events?cursor=x`), 400, "invalid_cursor");
      expectProblem(await client.get(`${pipeline(newId())}/events`), 404, "not_found");
    });
  });

  describe("a deleted pipeline", () => {
    async function deleted() {
      const id = newId();
      const checkpointId = await client.checkpoint(id, "[1]");
      await client.save(id, "[2]");
      const fence = await client.lease(id);
      const headers = { "Cairn-Fence": String(fence) };
      expect((await client.delete(pipeline(id), { headers })).status).toBe(204);
      return { id, checkpointId, fence };
    }

    it("reads as one that never was", async () => {
      const { id, checkpointId } = await deleted();
      const missing = await client.get(pipeline(newId()));
      for (const path of ["", "/state", "/checkpoints", `/checkpoints/${checkpointId}`, "/events"]) {
        const answer = await client.get(pipeline(id) + path);
        expectProblem(answer, 404, "not_found");
        expect(answer.text).toBe(missing.text);
      }
    });

    it("takes no write any more", async () => {
      const { id, checkpointId, fence } = await deleted();
      const base = pipeline(id);
      const fenced = withHeaders({ "Cairn-Fence": String(fence) });
      const merge = { headers: { "Content-Type": "application/merge-patch+json" } };
      const answers = [
        await client.put(`${base}/state`, "{}", fenced),
        await client.put(`${base}/state`, "{}", withHeaders({ "If-Match": '"2"' })),
        await client.patch(`${base}/state`, "{}", merge),
        await client.post(`${base}/checkpoints`),
        await client.post(`${base}/checkpoints`, { data: 1 }),
        await client.delete(`${base}/checkpoints/${checkpointId}`),
        await client.post(`${base}/lease`, { owner: "w", ttlSeconds: 1 }),
        await client.put(`${base}/lease`, {}, fenced),
        await client.delete(`${base}/lease`, fenced),
        await client.post(`${base}/resume`, { owner: "w", ttlSeconds: 1 }),
        await client.post(`${base}/recover`),
        await client.post(`${base}/rollback`),
        await client.put(base, {}),
        await client.patch(base, { status: "failed" }),
        await client.delete(base),
      ];
      for (const answer of answers) expectProblem(answer, 410, "pipeline_deleted");
    });

    it("starts anew with If-None-Match: *, versions and fence going on", async () => {
      const { id, fence } = await deleted();
      const anew = await client.put(`${pipeline(id)}/state`, "[3]", withHeaders({ "If-None-Match": "*" }));
      expect(anew.status).toBe(201);
      expect(anew.json()).toMatchObject({ version: 3 });
      expect(anew.headers.get("ETag")).toBe('"3"');
      const head = (await client.get(pipeline(id))).json();
      expect(head).toMatchObject({
        version: 3,
        status: "running",
        attempt: 0,
        lease: null,
        checkpointCount: 0,
      });
      expect(await client.lease(id)).toBeGreaterThan(fence);
      expect((await client.get(`${pipeline(id)}/checkpoints`)).json().data).toEqual([]);
      const old = withHeaders({ "Cairn-Fence": String(fence) });
      expectProblem(await client.put(`${pipeline(id)}/state`, "{}", old), 409, "fence_lost");
    });

    it("is registered anew with If-None-Match: *", async () => {
      const { id, fence } = await deleted();
      const onlyNew = withHeaders({ "If-None-Match": "*", "Idempotency-Key": "anew" });
      const anew = await client.put(pipeline(id), { kind: "again" }, onlyNew);
      expect(anew.status).toBe(201);
      expect(anew.json()).toMatchObject({ kind: "again", version: 2, fence: fence + 1, status: "running" });
      const again = await client.put(pipeline(id), { kind: "again" }, onlyNew);
      expect([again.status, again.text]).toEqual([201, anew.text]);
      const other = withHeaders({ "If-None-Match": "*" });
      expectProblem(await client.put(pipeline(id), {}, other), 412, "precondition_failed");
      expect((await client.put(pipeline(newId()), {}, other)).status).toBe(201);
    });

    it("must have been there", async () => {
      expectProblem(await client.delete(pipeline(newId())), 404, "not_found");
    });
  });
}

import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";

export function checkpointContract(client: Client): void {
  const path = (id: string, cid?: string) =>
    `${pipeline(id)}/checkpoints${cid === undefined ? "" : `/${cid}`}`;

  describe("POST checkpoints", () => {
    it("snapshots the state", async () => {
      const id = newId();
      const saved = await client.save(id, '{"a":1}');
      const facts = { label: "before", metadata: { by: "me", n: [1, { x: null }] }, reason: "deploy" };
      const made = await client.post(path(id), facts);
      expect(made.status).toBe(201);
      expect(made.json()).toEqual({
        checkpointId: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
        pipelineId: id,
        version: 1,
        sequence: 1,
        createdAt: expect.any(String),
        source: "state",
        ...facts,
        contentType: "application/json",
        bytes: saved.bytes,
        storedBytes: saved.storedBytes,
        sha256: saved.sha256,
        verified: true,
        quarantinedAt: null,
      });
      const { checkpointId } = made.json();
      expect(made.headers.get("Location")).toBe(path(id, checkpointId));
      expect((await client.get(path(id, checkpointId))).json()).toEqual(made.json());
      expect((await client.get(pipeline(id))).json().lastCheckpoint).toEqual(made.json());
    });

    it("takes no body for an empty object, and keeps what the state was", async () => {
      const id = newId();
      await client.save(id, "[1]");
      const made = await client.post(path(id));
      expect(made.status).toBe(201);
      expect((await client.post(path(id), "", asJson)).status).toBe(201);
      await client.save(id, "[2]");
      const { checkpointId } = made.json();
      expect((await client.get(`${path(id, checkpointId)}/state`)).text).toBe("[1]");
    });

    it("keeps data that was given, and leaves the state alone", async () => {
      const id = newId();
      await client.save(id, "[1]");
      const made = await client.post(path(id), '{"data" : {"x" : 1.0}}', asJson);
      expect(made.json()).toMatchObject({
        source: "data",
        version: 1,
        bytes: 11,
        contentType: "application/json",
      });
      expect((await client.get(`${path(id, made.json().checkpointId)}/state`)).text).toBe('{"x" : 1.0}');
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe("[1]");
      expect((await client.post(path(id), { data: null })).json()).toMatchObject({
        source: "data",
        bytes: 4,
      });
    });

    it("keeps numbers that a double holds, however they are written, and any data", async () => {
      const id = newId();
      await client.save(id);
      const metadata = '{"a":9007199254740991,"b":1e22,"c":0.10000000000000001,"d":1.0,"e":1E3}';
      const data = '{"n":12345678901234567890,"a":1,"a":2}';
      const made = await client.post(path(id), `{"metadata":${metadata},"data":${data}}`, asJson);
      expect(made.status, made.text).toBe(201);
      expect(made.json()).toMatchObject({ metadata: JSON.parse(metadata) });
      const loaded = await client.get(`${path(id, made.json().checkpointId)}/state`);
      expect(loaded.text).toBe(data);
    });

    it("needs a pipeline, and a state unless data is given", async () => {
      const id = newId();
      expectProblem(await client.post(path(id)), 404, "not_found");
      await client.put(pipeline(id));
      expectProblem(await client.post(path(id)), 404, "not_found");
      expect((await client.post(path(id), { data: 1 })).status).toBe(201);
    });

    it.each([
      [{ label: "" }, "/label"],
      [{ label: 1 }, "/label"],
      [{ label: "x".repeat(257) }, "/label"],
      [{ metadata: "x" }, "/metadata"],
      [{ metadata: { x: "y".repeat(5000) } }, "/metadata"],
      [{ reason: "" }, "/reason"],
      ['{"metadata":{"a":{"__proto__":1}}}', "/metadata/a/__proto__"],
      ['{"metadata":{"n":[12345678901234567890]}}', "/metadata/n/0"],
      ['{"metadata":{"n":-9007199254740993}}', "/metadata/n"],
      ['{"metadata":{"n":9007199254740993.0e0}}', "/metadata/n"],
      ['{"metadata":{"a":1,"\\u0061":2}}', "/metadata/a"],
      ['{"label":"a","label":"b"}', "/label"],
      ['{"data":1,"data":2}', "/data"],
      ['{"data":1,"metadata":{"data":{"x":1,"x":2}}}', "/metadata/data/x"],
      [{ colour: 1 }, "/colour"],
      [[], ""],
    ])("refuses %j", async (body, pointer) => {
      const id = newId();
      await client.save(id);
      const { errors } = expectProblem(await client.post(path(id), body, asJson), 400, "malformed");
      expect(errors).toEqual([{ pointer, message: expect.any(String) }]);
    });
  });

  describe("GET checkpoints", () => {
    it("lists newest first in pages, without payloads", async () => {
      const id = newId();
      const made: string[] = [];
      for (let i = 0; i < 5; i++) made.unshift(await client.checkpoint(id, { i }));
      const seen: string[] = [];
      let cursor = "";
      for (let pages = 1; ; pages++) {
        const page = (await client.get(`${path(id)}?limit=2${cursor}`)).json();
        expect(Object.keys(page)).toEqual(["data", "cursor", "hasMore"]);
        seen.push(...page.data.map((each) => each.checkpointId));
        expect(page.hasMore).toBe(page.cursor !== null);
        if (!page.hasMore) {
          expect(pages).toBe(3);
          break;
        }
        cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
      }
      expect(seen).toEqual(made);
      const all = (await client.get(path(id))).json();
      expect(all.data.map((each) => each.sequence)).toEqual([5, 4, 3, 2, 1]);
      expect(JSON.stringify(all)).not.toContain("frame");
    });

    it("finds by label", async () => {
      const id = newId();
      await client.save(id);
      for (const label of ["a", "b", "a"]) await client.post(path(id), { label });
      const { data } = (await client.get(`${path(id)}?label=a`)).json();
      expect(data.map((each) => each.sequence)).toEqual([3, 1]);
    });

    it.each(["0", "501", "-1", "1.5", "", "x", "1e2", " 1"])("refuses limit=%s", async (limit) => {
      const id = newId();
      await client.save(id);
      const answer = await client.get(`${path(id)}?limit=${encodeURIComponent(limit)}`);
      const { errors } = expectProblem(answer, 400, "malformed");
      expect(errors).toEqual([{ pointer: "limit", message: "a whole number from 1 to 500" }]);
    });

    it("takes only the cursors of its own", async () => {
      const id = newId();
      for (let i = 0; i < 2; i++) await client.checkpoint(id);
      const { cursor } = (await client.get(`${path(id)}?limit=1`)).json();
      const tampered = ["", "x", "%00", cursor.slice(1), btoa("events:1"), "a".repeat(2000)];
      for (const each of tampered) {
        const answer = await client.get(`${path(id)}?cursor=${encodeURIComponent(each)}`);
        expectProblem(answer, 400, "invalid_cursor");
      }
    });

    it("is 404 without the pipeline", async () => {
      expectProblem(await client.get(path(newId())), 404, "not_found");
    });
  });

  describe("one checkpoint", () => {
    it("is served like a state", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id, '{"a": [1, 2]}');
      const url = `${path(id, checkpointId)}/state`;
      const loaded = await client.get(url);
      expect(loaded.text).toBe('{"a": [1, 2]}');
      expect(loaded.headers.get("ETag")).toBe('"1"');
      for (const name of ["Repr-Digest", "Last-Modified", "Content-Security-Policy"]) {
        expect(loaded.headers.get(name)).toBeTruthy();
      }
      expect((await client.get(`${url}?select=/a/1`)).text).toBe('{"/a/1":2}');
      expect((await client.get(url, withHeaders({ "If-None-Match": '"1"' }))).status).toBe(304);
      expectProblem(await client.get(`${url}?select=a`), 400, "malformed");
    });

    it("with data of its own has a tag that no state has", async () => {
      const id = newId();
      await client.save(id);
      const { checkpointId } = (await client.post(path(id), { data: 1 })).json();
      const tag = (await client.get(`${path(id, checkpointId)}/state`)).headers.get("ETag")!;
      expect(tag).toBe(`"${checkpointId}"`);
      const answer = await client.put(`${pipeline(id)}/state`, "{}", withHeaders({ "If-Match": tag }));
      expectProblem(answer, 412, "precondition_failed");
    });

    it("is verified by reading it", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id);
      const verified = await client.post(`${path(id, checkpointId)}/verify`);
      expect(verified.status).toBe(200);
      expect(verified.json()).toEqual({ valid: true, problems: [] });
    });

    it("is gone once it is deleted", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id);
      const deleted = await client.delete(path(id, checkpointId));
      expect(deleted.status).toBe(204);
      expect(deleted.bytes).toHaveLength(0);
      for (const answer of [
        await client.get(path(id, checkpointId)),
        await client.get(`${path(id, checkpointId)}/state`),
        await client.post(`${path(id, checkpointId)}/verify`),
        await client.delete(path(id, checkpointId)),
      ]) {
        expectProblem(answer, 404, "not_found");
      }
      expect((await client.get(path(id))).json().data).toEqual([]);
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe("{}");
    });

    it("that never was is 404", async () => {
      const id = newId();
      await client.save(id);
      for (const suffix of ["", "/state"]) {
        expectProblem(await client.get(path(id, NOBODYS) + suffix), 404, "not_found");
      }
    });
  });

  describe("POST evaluate", () => {
    it("decides without saving", async () => {
      const id = newId();
      await client.put(pipeline(id), { policy: { strategy: "always" } });
      const before = (await client.get(pipeline(id))).json();
      const situation = {
        task: { name: "train", criticality: 0.7, seconds: 10, fanOut: 3 },
        event: "epoch",
        progress: 0.5,
        stateBytes: 1000,
        sinceCheckpointSeconds: 10,
      };
      const answer = await client.post(`${pipeline(id)}/evaluate`, situation);
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({
        checkpoint: true,
        strategy: "always",
        reason: expect.any(String),
        criticality: 0.7,
        expectedLossSeconds: expect.any(Number),
        checkpointCostSeconds: expect.any(Number),
        failuresPerHour: expect.any(Number),
        nextCheckSeconds: expect.any(Number),
      });
      expect((await client.post(`${pipeline(id)}/evaluate`)).status).toBe(200);
      expect((await client.get(pipeline(id))).json()).toEqual(before);
    });

    it("refuses what it does not know", async () => {
      const id = newId();
      await client.save(id);
      for (const body of [{ task: "x" }, { task: { name: "a", colour: 1 } }, { progress: 2 }, { nope: 1 }]) {
        expectProblem(await client.post(`${pipeline(id)}/evaluate`, body), 400, "malformed");
      }
      expectProblem(await client.post(`${pipeline(newId())}/evaluate`), 404, "not_found");
    });
  });
}

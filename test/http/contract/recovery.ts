import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";

export function recoveryContract(client: Client): void {
  const call = (id: string, verb: string, body: object = {}) => client.post(`${pipeline(id)}/${verb}`, body);
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("POST resume", () => {
    const resume = (id: string, extra: object = {}) =>
      call(id, "resume", { owner: "w", ttlSeconds: 60, ...extra });

    it("takes the lease and answers the state as its very text", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id, '{"n":  1e400}');
      const answer = await resume(id);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"1"');
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      const { expiresAt } = answer.json();
      expect(answer.text).toBe(
        `{"pipelineId":"${id}","fence":1,"owner":"w","expiresAt":"${expiresAt}","attempt":1,"version":1,` +
          `"checkpointId":"${checkpointId}","contentType":"application/json","state":{"n":  1e400},` +
          `"stateUrl":"/v1/pipelines/${id}/state"}`,
      );
      expect((await client.get(pipeline(id))).json()).toMatchObject({
        status: "running",
        attempt: 1,
        fence: 1,
      });
    });

    it("answers null for other types and large states, to be fetched", async () => {
      const id = newId();
      await client.put(`${pipeline(id)}/state`, "{}", { headers: { "Content-Type": "text/plain" } });
      expect((await resume(id)).json()).toMatchObject({
        state: null,
        contentType: "text/plain",
        checkpointId: null,
        stateUrl: `/v1/pipelines/${id}/state`,
      });
      const large = newId();
      await client.save(large, { x: "y".repeat(1_000_001) });
      const { state, stateUrl } = (await resume(large)).json();
      expect(state).toBeNull();
      expect((await client.get(stateUrl)).bytes.length).toBeGreaterThan(1_000_000);
    });

    it("starts from nothing where there is no state yet", async () => {
      const id = newId();
      await client.put(pipeline(id));
      expect((await resume(id)).json()).toMatchObject({
        fence: 1,
        attempt: 1,
        version: 0,
        checkpointId: null,
        contentType: null,
        state: null,
        stateUrl: null,
      });
    });

    it("from a named checkpoint makes that the state, as a new version", async () => {
      const id = newId();
      const checkpointId = await client.checkpoint(id, "[1]");
      await client.save(id, "[2]");
      const answer = await resume(id, { checkpointId });
      expect(answer.json()).toMatchObject({ version: 3, checkpointId, state: [1] });
      expect(answer.headers.get("ETag")).toBe('"3"');
      expect(await load(id)).toBe("[1]");
      expectProblem(await call(newId(), "resume", { owner: "w", ttlSeconds: 1 }), 404, "not_found");
    });

    it("of a missing checkpoint takes no lease", async () => {
      const id = newId();
      await client.save(id);
      expectProblem(await resume(id, { checkpointId: NOBODYS }), 404, "not_found");
      expectProblem(await resume(id, { checkpointId: "x" }), 400, "malformed");
      expect((await client.get(pipeline(id))).json()).toMatchObject({ fence: 0, lease: null, attempt: 0 });
    });

    it("raises the attempt each time, and takes failed pipelines but no others that ended", async () => {
      const id = newId();
      await client.save(id);
      await client.patch(pipeline(id), { status: "failed" });
      expect((await resume(id)).json()).toMatchObject({ attempt: 1, fence: 1 });
      expect((await resume(id)).json()).toMatchObject({ attempt: 2, fence: 2 });
      for (const status of ["completed", "cancelled"]) {
        const ended = newId();
        await client.save(ended);
        await client.patch(pipeline(ended), { status });
        expectProblem(await resume(ended), 422, "invalid_transition");
      }
    });
  });

  describe("POST recover and rollback", () => {
    it("recover sets the state to the newest checkpoint, as a new version", async () => {
      const id = newId();
      await client.checkpoint(id, "[1]");
      const checkpointId = await client.checkpoint(id, "[ 2 ]");
      const { sha256, bytes } = await client
        .save(id, "[3]")
        .then(() => client.get(`${pipeline(id)}/checkpoints/${checkpointId}`))
        .then((a) => a.json());
      const answer = await call(id, "recover");
      expect(answer.status).toBe(200);
      expect(answer.headers.get("ETag")).toBe('"4"');
      expect(answer.json()).toEqual({
        pipelineId: id,
        version: 4,
        checkpointId,
        contentType: "application/json",
        bytes,
        storedBytes: expect.any(Number),
        sha256,
        savedAt: expect.any(String),
        quarantined: [],
      });
      expect(await load(id)).toBe("[ 2 ]");
    });

    it("recover takes a name, and data that was checkpointed only by name", async () => {
      const id = newId();
      const first = await client.checkpoint(id, "[1]");
      await client.checkpoint(id, "[2]");
      const { checkpointId } = (await call(id, "checkpoints", { data: { x: 1 } })).json();
      await call(id, "recover");
      expect(await load(id)).toBe("[2]");
      expect((await call(id, "recover", { checkpointId })).status).toBe(200);
      expect(await load(id)).toBe('{"x":1}');
      expect((await call(id, "recover", { checkpointId: first })).status).toBe(200);
      expect(await load(id)).toBe("[1]");
    });

    it("rollback goes back, step by step, and erases nothing", async () => {
      const id = newId();
      for (const n of [1, 2, 3]) await client.checkpoint(id, `[${n}]`);
      await client.save(id, "[4]");
      expect((await call(id, "rollback")).json()).toMatchObject({ version: 5 });
      expect(await load(id)).toBe("[3]");
      expect((await call(id, "rollback", { steps: 2 })).json()).toMatchObject({ version: 6 });
      expect(await load(id)).toBe("[1]");
      expectProblem(await call(id, "rollback"), 409, "unrecoverable");
      expect(await load(id)).toBe("[1]");
      expect((await client.get(`${pipeline(id)}/checkpoints`)).json().data).toHaveLength(3);
      const newest = (await client.get(`${pipeline(id)}/checkpoints`)).json().data[0]!.checkpointId;
      expect((await call(id, "rollback", { checkpointId: newest })).status).toBe(200);
      expect(await load(id)).toBe("[3]");
    });

    it.each(["recover", "rollback"])("%s of nothing is 409, and changes nothing", async (verb) => {
      const id = newId();
      expectProblem(await call(id, verb), 404, "not_found");
      await client.save(id, "[1]");
      expectProblem(await call(id, verb), 409, "unrecoverable");
      expectProblem(await call(id, verb, { checkpointId: NOBODYS }), 404, "not_found");
      expect((await client.get(pipeline(id))).json()).toMatchObject({ version: 1, revision: 1 });
    });

    it.each([
      ["recover", { select: "/a" }, "/select"],
      ["recover", { select: [] }, "/select"],
      ["recover", { select: ["/a", "b"] }, "/select/1"],
      ["recover", { checkpointId: "x" }, "/checkpointId"],
      ["recover", { steps: 1 }, "/steps"],
      ["rollback", { steps: 0 }, "/steps"],
      ["rollback", { steps: 1, checkpointId: NOBODYS }, "/steps"],
      ["rollback", { force: "yes" }, "/force"],
    ])("%s refuses %j", async (verb, body, pointer) => {
      const id = newId();
      await client.checkpoint(id);
      const { errors } = expectProblem(await call(id, verb, body), 400, "malformed");
      expect(errors).toEqual([{ pointer, message: expect.any(String) }]);
    });
  });

  it("POST sweep is for admins, and interrupts what ran out, once", { timeout: 30_000 }, async () => {
    const id = newId();
    await client.save(id);
    await client.lease(id, "w", 1);
    expectProblem(await client.post("/v1/sweep"), 403, "forbidden");
    let status = "running";
    for (let i = 0; i < 20 && status === "running"; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const swept = await client.post("/v1/sweep", undefined, { as: "admin" });
      expect(swept.status, swept.text).toBe(200);
      expect(swept.json()).toMatchObject({ interrupted: expect.any(Number) });
      status = (await client.get(pipeline(id))).json().status;
    }
    expect(status).toBe("interrupted");
    await client.post("/v1/sweep", {}, { as: "admin" });
    const { data } = (await client.get(`${pipeline(id)}/events`)).json();
    expect(data.filter((event) => event.type === "interrupted")).toHaveLength(1);
  });
}

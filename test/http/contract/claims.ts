import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

export function claimContract(client: Client): void {
  const claim = (body: object, as = "alice" as const) => client.post("/v1/claims", body, { as });

  /** Sweeps until the pipeline's lease was found to have run out. */
  async function interrupted(id: string): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await client.post("/v1/sweep", undefined, { as: "admin" });
      if ((await client.get(pipeline(id))).json().status === "interrupted") return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error("it was not interrupted");
  }

  describe("POST claims", () => {
    it("gives an interrupted pipeline to one claimer, as resume does", { timeout: 30_000 }, async () => {
      const id = newId();
      const kind = newId();
      await client.put(pipeline(id), { kind });
      await client.save(id, { step: 1 });
      await client.lease(id, "w", 1);
      expect((await claim({ owner: "x", ttlSeconds: 60, kinds: [kind] })).json()).toEqual({ data: [] });
      await interrupted(id);
      const { data: found } = (await client.get("/v1/interrupted")).json();
      expect(found).toContainEqual(expect.objectContaining({ pipelineId: id, why: "interrupted", kind }));
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => claim({ owner: "x", ttlSeconds: 60, kinds: [kind], limit: 5 })),
      );
      const claimed = answers.flatMap((answer) => answer.json().data);
      expect(claimed).toEqual([
        {
          pipelineId: id,
          fence: 3,
          owner: "x",
          expiresAt: expect.any(String),
          attempt: 1,
          version: 1,
          checkpointId: null,
          contentType: "application/json",
          stateUrl: `/v1/pipelines/${id}/state`,
        },
      ]);
      const saved = await client.call(
        "PUT",
        `${pipeline(id)}/state`,
        { step: 2 },
        { headers: { "Cairn-Fence": "3" } },
      );
      expect(saved.status).toBe(200);
      expect((await client.get(pipeline(id))).json().status).toBe("running");
    });

    it.each([
      [{ ttlSeconds: 60 }, "/owner"],
      [{ owner: "x", ttlSeconds: 0 }, "/ttlSeconds"],
      [{ owner: "x", ttlSeconds: 60, kinds: [] }, "/kinds"],
      [{ owner: "x", ttlSeconds: 60, limit: 101 }, "/limit"],
      [{ owner: "x", ttlSeconds: 60, kind: "a" }, "/kind"],
    ])("refuses %j", async (body, pointer) => {
      const { errors } = expectProblem(await claim(body), 400, "malformed");
      expect(errors.map((error) => error.pointer)).toContain(pointer);
    });
  });

  it("a pipeline without a lease that fell silent is found, if it asks for it", {
    timeout: 30_000,
  }, async () => {
    const id = newId();
    await client.put(pipeline(id), { recovery: { silenceSeconds: 1 } });
    await client.save(id);
    await interrupted(id);
    const { data } = (await client.get(`${pipeline(id)}/events`)).json();
    expect(data[0]).toMatchObject({ type: "interrupted", detail: "silent for 1 s" });
  });
}

import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

/** What decisions are made by, and what is learned. */
export function learningContract(client: Client): void {
  describe("adaptive checkpoints", () => {
    it("keep the first state, with the decision in the checkpoint's metadata", async () => {
      const id = newId();
      const task = '"train"; criticality=0.5; seconds=12; progress=0.25';
      const saved = await client.save(id, "{}", {
        query: "?checkpoint=auto",
        headers: { "Cairn-Task": task, "Idempotency-Key": id },
      });
      expect(saved.decision).toMatchObject({ checkpoint: true, strategy: "adaptive", criticality: 0.5 });
      const { checkpoint: _made, reason, ...facts } = saved.decision as unknown as Record<string, unknown>;
      expect(saved.checkpoint).toMatchObject({
        reason,
        metadata: { task: "train", progress: 0.25, decision: facts },
      });
      const shown = await client.get(`${pipeline(id)}/checkpoints/${saved.checkpoint.checkpointId}`);
      expect(shown.json()).toEqual(saved.checkpoint);
      const again = await client.save(id, "{}", {
        query: "?checkpoint=auto",
        headers: { "Cairn-Task": task, "Idempotency-Key": id },
      });
      expect(again).toEqual(saved);
    });

    it("follow the knobs: a task above the threshold, progress made, an event, the budget", async () => {
      const of = async (policy: object, ...tasks: string[]) => {
        const id = newId();
        await client.put(pipeline(id), { policy });
        const made: boolean[] = [];
        for (const [i, task] of tasks.entries()) {
          const headers = { "Cairn-Task": task };
          made.push(
            (await client.save(id, `"${i}"`, { query: "?checkpoint=auto", headers })).checkpoint !== null,
          );
        }
        return made;
      };
      const time = { strategy: "time", maxIntervalSeconds: 3600 };
      expect(
        await of(
          { ...time, criticalityThreshold: 0.8 },
          '"a"',
          '"b"; criticality=0.7',
          '"c"; criticality=0.8',
        ),
      ).toEqual([true, false, true]);
      const spaced = { ...time, criticalityThreshold: 0.8, minIntervalSeconds: 3600 };
      expect(await of(spaced, '"a"', '"c"; criticality=1')).toEqual([true, false]);
      const steps = ['"a"; progress=0.1', '"b"; progress=0.3', '"c"; progress=0.35', '"d"; progress=0.5'];
      expect(await of({ strategy: "progress", progressStep: 0.2 }, ...steps)).toEqual([
        false,
        true,
        false,
        true,
      ]);
      const event = { strategy: "event", events: ["epoch"] };
      expect(await of(event, '"a"', '"b"; event="epoch"', '"c"; event="other"')).toEqual([
        false,
        true,
        false,
      ]);
      const budget = { strategy: "always", storageBudgetBytes: 6 };
      expect(await of(budget, '"a"', '"b"', '"c"')).toEqual([true, true, false]);
    });

    it("know tasks and events by names of any script", async () => {
      const id = newId();
      await client.put(pipeline(id), { policy: { strategy: "event", events: ["Ende 🪨"] } });
      const headers = { "Cairn-Task": '%"f%c3%bchren"; event=%"Ende %f0%9f%aa%a8"' };
      const saved = await client.save(id, "{}", { query: "?checkpoint=auto", headers });
      expect(saved.checkpoint).toMatchObject({ metadata: { task: "führen" } });
      for (const wrong of ['%"%c3"', '%"%C3%BC"', '%"ü"', '%""']) {
        const answer = await client.put(`${pipeline(id)}/state`, "{}", withHeaders({ "Cairn-Task": wrong }));
        expectProblem(answer, 400, "malformed");
      }
    });

    it("take several tasks that ended since the last save, and refuse what is none", async () => {
      const id = newId();
      const kind = newId();
      await client.put(pipeline(id), { kind });
      const headers = {
        "Cairn-Task": '"load"; seconds=10, "clean"; seconds=20, "train"; seconds=30; progress=0.4',
      };
      const saved = await client.save(id, "{}", { query: "?checkpoint=auto", headers });
      expect(saved.checkpoint).toMatchObject({ metadata: { task: "train" } });
      const learned = (await client.get(`/v1/profiles/${kind}`)).json() as unknown as {
        sums: Record<string, number>;
      };
      const durations = Object.entries(learned.sums).filter(([name]) => /^T\d+$/.test(name));
      expect(durations.reduce((sum, [, seconds]) => sum + seconds, 0)).toBe(60);
      for (const wrong of ['"a", ("b")', '"a", b', Array(65).fill('"a"').join(",")]) {
        const answer = await client.put(`${pipeline(id)}/state`, "{}", withHeaders({ "Cairn-Task": wrong }));
        expectProblem(answer, 400, "malformed");
      }
    });
  });

  describe("what was learned of a kind", () => {
    it("comes with a resume and a heartbeat, for who prefers it", async () => {
      const id = newId();
      await client.put(pipeline(id), { kind: newId(), policy: { strategy: "adaptive" } });
      await client.save(id, { a: 1 });
      const prefer = { headers: { Prefer: "profile" } };
      const take = { owner: "a", ttlSeconds: 60 };
      const plain = (await client.post(`${pipeline(id)}/resume`, take)).json();
      expect(Object.keys(plain)).not.toContain("profile");
      const answer = await client.post(`${pipeline(id)}/resume`, take, prefer);
      expect(answer.headers.get("Preference-Applied")).toBe("profile");
      expect(answer.json()).toMatchObject({
        policy: { strategy: "adaptive" },
        profile: expect.any(Object),
        state: { a: 1 },
      });
      const headers = { ...prefer.headers, "Cairn-Fence": `${answer.json().fence}` };
      const beat = await client.put(`${pipeline(id)}/lease`, {}, { headers });
      expect(Object.keys(beat.json())).toEqual(["expiresAt", "decision", "profile"]);
    });

    it("is shown, counts what others did not wait for, and is forgotten by an admin", async () => {
      const [id, kind] = [newId(), newId()];
      await client.put(pipeline(id), { kind });
      await client.save(id);
      await client.save(id, { a: 2 });
      const shown = await client.get(`/v1/profiles/${kind}`);
      expect(shown.json()).toMatchObject({
        ...{ kind, failures: 0, failuresPerHour: 3600 / 86_400, saves: 2, saveSeconds: expect.any(Number) },
        ...{ recoveries: 0, recoverySeconds: null, uptimeSeconds: 0 },
      });
      expect(JSON.stringify((shown.json() as unknown as { sums: object }).sums).length).toBeLessThan(2000);
      expectProblem(await client.delete(`/v1/profiles/${kind}`), 403, "forbidden");
      expect((await client.delete(`/v1/profiles/${kind}`, { as: "admin" })).status).toBe(204);
      expect((await client.get(`/v1/profiles/${kind}`)).json()).toMatchObject({ saves: 0 });
      expectProblem(await client.get("/v1/profiles/a%2Fb"), 400, "invalid_id");
      expectProblem(await client.get(`/v1/profiles/${kind}?x=1`), 400, "malformed");
    });
  });
}

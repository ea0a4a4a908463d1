import { describe, expect, it } from "vitest";
import { type Answer, type Client, expectProblem, newId, pipeline } from "./client.ts";
import { ready, WRITES } from "./writes.ts";

const withFence = (fence: number) => ({ headers: { "Cairn-Fence": String(fence) } });

export function leaseContract(client: Client): void {
  const lease = (id: string) => `${pipeline(id)}/lease`;

  describe("the lease", () => {
    it("is granted with a fence that rises for ever", async () => {
      const id = newId();
      await client.save(id);
      const before = Date.now();
      const granted = await client.post(lease(id), { owner: "a", ttlSeconds: 60 });
      expect(granted.status).toBe(201);
      expect(granted.json()).toEqual({ fence: 1, owner: "a", expiresAt: expect.any(String) });
      const ends = Date.parse(granted.json().expiresAt);
      expect(Math.abs(ends - before - 60_000)).toBeLessThan(10_000);
      expect((await client.get(pipeline(id))).json()).toMatchObject({
        fence: 1,
        lease: { owner: "a", fence: 1, ttlSeconds: 60, expiresAt: granted.json().expiresAt },
      });
      expect((await client.delete(lease(id), withFence(1))).status).toBe(204);
      expect(await client.lease(id, "b")).toBe(2);
    });

    it("keeps others out while it lives, and tells them when to come back", async () => {
      const id = newId();
      await client.save(id);
      await client.lease(id, "a", 60);
      const refused = await client.post(lease(id), { owner: "b", ttlSeconds: 60 });
      expectProblem(refused, 409, "lease_held");
      const wait = Number(refused.headers.get("Retry-After"));
      expect(wait).toBeGreaterThan(50);
      expect(wait).toBeLessThan(70);
      const resume = await client.post(`${pipeline(id)}/resume`, { owner: "b", ttlSeconds: 60 });
      expectProblem(resume, 409, "lease_held");
      expect(resume.headers.get("Retry-After")).toBeTruthy();
    });

    it("goes to exactly one of many", async () => {
      const id = newId();
      await client.save(id);
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => client.post(lease(id), { owner: `w${i}`, ttlSeconds: 60 })),
      );
      expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
      for (const answer of answers.filter((each) => each.status !== 201)) {
        expectProblem(answer, 409, "lease_held");
      }
    });

    it("counts again from each heartbeat, which brings a decision", async () => {
      const id = newId();
      await client.save(id);
      const fence = await client.lease(id, "a", 10);
      const beat = await client.put(lease(id), { ttlSeconds: 3600 }, withFence(fence));
      expect(beat.status).toBe(200);
      expect(Object.keys(beat.json())).toEqual(["expiresAt", "decision"]);
      expect(Date.parse(beat.json().expiresAt) - Date.now()).toBeGreaterThan(3_000_000);
      expect(beat.json().decision).toMatchObject({ checkpoint: false, strategy: "adaptive" });
      const same = await client.put(lease(id), undefined, withFence(fence));
      expect(Date.parse(same.json().expiresAt) - Date.now()).toBeGreaterThan(3_000_000);
    });

    it("is only the holder's to renew and release", async () => {
      const id = newId();
      await client.save(id);
      const stale = await client.lease(id, "a");
      await client.delete(lease(id), withFence(stale));
      const fence = await client.lease(id, "b");
      const sends: ((headers: Record<string, string>) => Promise<Answer>)[] = [
        (headers) => client.put(lease(id), {}, { headers }),
        (headers) => client.delete(lease(id), { headers }),
      ];
      const before = (await client.get(pipeline(id))).json();
      for (const send of sends) {
        expectProblem(await send({}), 409, "lease_held");
        expectProblem(await send({ "Cairn-Fence": String(stale) }), 409, "fence_lost");
        expectProblem(await send({ "Cairn-Fence": String(fence + 1) }), 409, "fence_lost");
      }
      expect((await client.get(pipeline(id))).json()).toEqual(before);
      for (const send of sends) {
        expect((await send({ "Cairn-Fence": String(fence) })).status).toBeLessThan(300);
      }
    });

    it("that ran out: its holder goes on until another takes it", { timeout: 30_000 }, async () => {
      const id = newId();
      await client.save(id);
      const fence = await client.lease(id, "a", 1);
      const late = await untilGranted(id);
      expect(late.fence).toBe(fence + 1);
      const again = await client.lease(id, "b", 1);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const path = `${pipeline(id)}/state`;
      expect((await client.put(path, {}, withFence(again))).status).toBe(200);
      expect((await client.put(lease(id), {}, withFence(again))).status).toBe(200);
      expectProblem(await client.put(path, {}, withFence(fence)), 409, "fence_lost");
    });

    /** Another takes the lease as soon as it may. */
    async function untilGranted(id: string): Promise<{ fence: number }> {
      for (;;) {
        const answer = await client.post(lease(id), { owner: "b", ttlSeconds: 60 });
        if (answer.status === 201) return answer.json();
        expectProblem(answer, 409, "lease_held");
        const wait = Number(answer.headers.get("Retry-After"));
        expect(wait).toBeGreaterThan(0);
        await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 1) * 500));
      }
    }

    it.each([
      [{ ttlSeconds: 60 }, "/owner"],
      [{ owner: "a" }, "/ttlSeconds"],
      [{ owner: "a", ttlSeconds: 0 }, "/ttlSeconds"],
      [{ owner: "a", ttlSeconds: 86_401 }, "/ttlSeconds"],
      [{ owner: "a", ttlSeconds: 1.5 }, "/ttlSeconds"],
      [{ owner: "a", ttlSeconds: "60" }, "/ttlSeconds"],
      [{ owner: "", ttlSeconds: 60 }, "/owner"],
      [{ owner: "a", ttlSeconds: 60, force: true }, "/force"],
    ])("refuses %j", async (body, pointer) => {
      const id = newId();
      await client.save(id);
      for (const path of [lease(id), `${pipeline(id)}/resume`]) {
        const { errors } = expectProblem(await client.post(path, body), 400, "malformed");
        expect(errors).toEqual([{ pointer, message: expect.any(String) }]);
      }
    });

    it("takes the bounds of ttlSeconds", async () => {
      const id = newId();
      await client.save(id);
      for (const ttlSeconds of [1, 86_400]) {
        expect((await client.post(lease(id), { owner: "a", ttlSeconds })).status).toBe(201);
      }
    });

    it("needs a pipeline", async () => {
      const id = newId();
      expectProblem(await client.post(lease(id), { owner: "a", ttlSeconds: 60 }), 404, "not_found");
      expectProblem(await client.put(lease(id), {}, withFence(1)), 404, "not_found");
      expectProblem(await client.delete(lease(id), withFence(1)), 404, "not_found");
    });

    it("ends with its pipeline", async () => {
      const id = newId();
      await client.save(id);
      const fence = await client.lease(id);
      await client.patch(pipeline(id), { status: "completed" }, withFence(fence));
      expect((await client.get(pipeline(id))).json()).toMatchObject({ status: "completed", lease: null });
    });
  });

  describe("the fence on every write", () => {
    describe.each(WRITES)("$name", (write) => {
      it("changes nothing without it or with a stale one, and goes through with the current one", async () => {
        const { id, send } = await ready(client, write);
        const stale = await client.lease(id, "a");
        const fence = await client.lease(id, "a");
        const before = (await client.get(pipeline(id))).json();
        expectProblem(await send({}), 409, "lease_held");
        expectProblem(await send(withFence(stale)), 409, "fence_lost");
        expectProblem(await send(withFence(fence + 1)), 409, "fence_lost");
        expect((await client.get(pipeline(id))).json()).toEqual(before);
        const done = await send(withFence(fence));
        expect(done.status, done.text).toBe(write.status);
      });
    });

    it.each(["recover", "rollback"])(
      "%s takes force, from an admin, which raises the fence",
      async (verb) => {
        const id = newId();
        await client.checkpoint(id);
        await client.save(id);
        const fence = await client.lease(id);
        const path = `${pipeline(id)}/${verb}`;
        expectProblem(await client.post(path, { force: true }), 403, "forbidden");
        expectProblem(await client.post(path, { force: false }), 409, "lease_held");
        expect((await client.post(path, { force: true }, { as: "admin" })).status).toBe(200);
        expect((await client.get(pipeline(id))).json()).toMatchObject({ fence: fence + 1, lease: null });
        expectProblem(await client.put(`${pipeline(id)}/state`, {}, withFence(fence)), 409, "fence_lost");
      },
    );

    it("PATCH and DELETE of a pipeline take force, from an admin", async () => {
      const id = newId();
      await client.save(id);
      await client.lease(id);
      const change = { status: "cancelled", force: true };
      expectProblem(await client.patch(pipeline(id), change), 403, "forbidden");
      const changed = await client.patch(pipeline(id), change, { as: "admin" });
      expect(changed.json()).toMatchObject({ status: "cancelled", fence: 2, lease: null });
      const other = newId();
      await client.save(other);
      await client.lease(other);
      expectProblem(await client.delete(`${pipeline(other)}?force=true`), 403, "forbidden");
      expectProblem(await client.delete(`${pipeline(other)}?force=false`), 409, "lease_held");
      expectProblem(await client.delete(`${pipeline(other)}?force=1`, { as: "admin" }), 400, "malformed");
      expect((await client.delete(`${pipeline(other)}?force=true`, { as: "admin" })).status).toBe(204);
    });
  });
}

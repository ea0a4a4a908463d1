import { describe, expect, it } from "vitest";
import { type Answer, type Client, type Extras, expectProblem, newId, pipeline } from "./client.ts";
import { ready, WRITES, type WriteCase } from "./writes.ts";

const LEASE_WRITES: WriteCase[] = [
  {
    name: "POST lease",
    status: 201,
    prepare: async (client, id) => (extras) =>
      client.post(`${pipeline(id)}/lease`, { owner: "a", ttlSeconds: 60 }, extras),
    vary: (client, id) => (extras) =>
      client.post(`${pipeline(id)}/lease`, { owner: "b", ttlSeconds: 60 }, extras),
  },
  {
    name: "PUT lease",
    status: 200,
    async prepare(client, id) {
      const fence = await client.lease(id);
      return (extras) => client.put(`${pipeline(id)}/lease`, { ttlSeconds: 60 }, fenced(extras, fence));
    },
    vary: (client, id) => (extras) =>
      client.put(`${pipeline(id)}/lease`, { ttlSeconds: 61 }, fenced(extras, 1)),
  },
  {
    name: "DELETE lease",
    status: 204,
    async prepare(client, id) {
      const fence = await client.lease(id);
      return (extras) => client.delete(`${pipeline(id)}/lease`, fenced(extras, fence));
    },
  },
  {
    name: "POST resume",
    status: 200,
    prepare: async (client, id) => (extras) =>
      client.post(`${pipeline(id)}/resume`, { owner: "a", ttlSeconds: 60 }, extras),
    vary: (client, id) => (extras) =>
      client.post(`${pipeline(id)}/resume`, { owner: "b", ttlSeconds: 60 }, extras),
  },
];

function fenced(extras: Extras, fence: number): Extras {
  return { ...extras, headers: { ...extras.headers, "Cairn-Fence": String(fence) } };
}

const keyed = (key: string): Extras => ({ headers: { "Idempotency-Key": key } });

const wholeOf = ({ text }: Answer): string => text;

/**
 * Of a heartbeat: its decision is advice by what the process that answers has learned by now, and of two processes one
 * may have learned more.
 */
function withoutDecision({ text }: Answer): string {
  const { decision, ...told } = JSON.parse(text);
  expect(decision).toMatchObject({ checkpoint: false, strategy: "adaptive" });
  return JSON.stringify(told);
}

function expectReplay(first: Answer, again: Answer, told = wholeOf): void {
  expect(again.status, again.text).toBe(first.status);
  expect(told(again)).toBe(told(first));
  expect(again.headers.get("ETag")).toBe(first.headers.get("ETag"));
  expect(again.headers.get("Idempotency-Replayed")).toBe("true");
}

export function idempotencyContract(client: Client): void {
  describe("Idempotency-Key", () => {
    describe.each([...WRITES, ...LEASE_WRITES])("on $name", (write) => {
      const told = write.name === "PUT lease" ? withoutDecision : wholeOf;

      it("applies the write once, and answers a repetition as the first time", async () => {
        const { id, send } = await ready(client, write);
        const first = await send(keyed("once"));
        expect(first.status, first.text).toBe(write.status);
        expect(first.headers.get("Idempotency-Replayed")).toBeNull();
        const revision = (await client.get(pipeline(id))).text;
        expectReplay(first, await send(keyed("once")), told);
        expectReplay(first, await send(keyed('"once"')), told);
        expect((await client.get(pipeline(id))).text).toBe(revision);
      });

      const { vary } = write;
      if (vary) {
        it("is refused for another body", async () => {
          const { id, send } = await ready(client, write);
          await send(keyed("once"));
          expectProblem(await vary(client, id)(keyed("once")), 422, "idempotency_mismatch");
        });
      }

      it("applies the write once when it is sent many times at once", async () => {
        const { send } = await ready(client, write);
        const answers = await Promise.all(Array.from({ length: 6 }, () => send(keyed("many"))));
        expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(write.status));
        expect(new Set(answers.map(told)).size).toBe(1);
        expect(answers.filter((answer) => !answer.headers.has("Idempotency-Replayed"))).toHaveLength(1);
      });
    });

    it("answers a save as the first time after others have come", async () => {
      const id = newId();
      const send = () => client.put(`${pipeline(id)}/state?checkpoint=always`, { a: 1 }, keyed("k"));
      const first = await send();
      expect(first.status).toBe(201);
      await client.save(id, { a: 2 });
      expectReplay(first, await send());
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe('{"a":2}');
    });

    it("answers a conditional save as the first time: never 412 for a write that landed", async () => {
      const id = newId();
      const send = (condition: Record<string, string>, key: string) =>
        client.put(`${pipeline(id)}/state`, {}, { headers: { ...condition, "Idempotency-Key": key } });
      const created = await send({ "If-None-Match": "*" }, "create");
      expectReplay(created, await send({ "If-None-Match": "*" }, "create"));
      const changed = await send({ "If-Match": '"1"' }, "change");
      await client.save(id);
      expectReplay(changed, await send({ "If-Match": '"1"' }, "change"));
    });

    it("answers a resume as the first time, and no state of another version", async () => {
      const id = newId();
      await client.save(id, { a: 1 });
      const resume = (owner: string, key: string, ttlSeconds = 1) =>
        client.post(`${pipeline(id)}/resume`, { owner, ttlSeconds }, keyed(key));
      const first = await resume("a", "k");
      const fence = String((await resume("a", "other", 60)).json().fence);
      expectReplay(first, await resume("a", "k"));
      await client.save(id, { a: 2 }, { headers: { "Cairn-Fence": fence } });
      const again = await resume("a", "k");
      expect(again.json()).toEqual({ ...first.json(), state: null, stateUrl: null });
      expect(again.headers.get("ETag")).toBe('"1"');
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    });

    it("belongs to one pipeline and one operation", async () => {
      const id = newId();
      const other = newId();
      await client.put(`${pipeline(id)}/state`, {}, keyed("k"));
      const elsewhere = await client.put(`${pipeline(other)}/state`, {}, keyed("k"));
      expect(elsewhere.headers.get("Idempotency-Replayed")).toBeNull();
      expectProblem(
        await client.post(`${pipeline(id)}/checkpoints`, {}, keyed("k")),
        422,
        "idempotency_mismatch",
      );
    });

    it("that was refused may be used again", async () => {
      const id = newId();
      await client.save(id);
      const headers = { "Idempotency-Key": "k", "If-Match": '"9"' };
      expectProblem(await client.put(`${pipeline(id)}/state`, {}, { headers }), 412, "precondition_failed");
      expect((await client.put(`${pipeline(id)}/state`, {}, keyed("k"))).status).toBe(200);
    });
  });
}

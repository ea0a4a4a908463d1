import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeDelta } from "../../../src/frames/delta/encode.ts";
import { type Answer, type Client, expectProblem, newId, pipeline } from "./client.ts";

const TYPE = "application/vnd.cairn.delta";
const utf8 = new TextEncoder();

function digest(text: string): string {
  return `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
}

/** States of a pipeline that grows: larger than a delta ever is. */
function state(step: number): string {
  const done = Array.from({ length: step }, (_, i) => ({ task: `task-${i}`, sha: digest(`${i}`) }));
  return JSON.stringify({ name: "nightly", seed: digest("seed").repeat(20), done });
}

export function deltaContract(client: Client): void {
  const send = (
    id: string,
    version: number,
    [before, after]: [string, string],
    headers: Record<string, string> = {},
    query = "",
  ): Promise<Answer> => {
    const body = new Uint8Array(deflateSync(encodeDelta(utf8.encode(before), utf8.encode(after))));
    return client.patch(`${pipeline(id)}/state${query}`, body, {
      headers: {
        "Content-Type": TYPE,
        "Content-Encoding": "deflate",
        "If-Match": `"${version}"`,
        "Repr-Digest": digest(after),
        ...headers,
      },
    });
  };
  const load = async (id: string) => (await client.get(`${pipeline(id)}/state`)).text;

  describe("PATCH state with a delta", () => {
    it("makes the next version, which is verified once it was read", async () => {
      const id = newId();
      await client.save(id, state(3));
      const answer = await send(id, 1, [state(3), state(4)], {}, "?checkpoint=always");
      expect(answer.status, answer.text).toBe(200);
      const saved = answer.json();
      expect(saved).toMatchObject({ version: 2, bytes: state(4).length });
      expect(saved.sha256).toBe(createHash("sha256").update(state(4)).digest("hex"));
      expect(saved.storedBytes).toBeLessThan(200);
      expect(saved.checkpoint).toMatchObject({ verified: false, version: 2 });
      const one = `${pipeline(id)}/checkpoints/${saved.checkpoint.checkpointId}`;
      expect((await client.get(`${one}/state`)).text).toBe(state(4));
      expect(await load(id)).toBe(state(4));
      expect((await client.get(one)).json()).toMatchObject({ verified: true });
      expect((await client.post(`${one}/verify`)).json()).toEqual({ valid: true, problems: [] });
    });

    it("twenty in a row come out as they went in, and none is refused", async () => {
      const id = newId();
      await client.save(id, state(0));
      for (let step = 1; step <= 20; step++)
        expect((await send(id, step, [state(step - 1), state(step)])).status).toBe(200);
      expect(await load(id)).toBe(state(20));
    });

    it("upon another version than the current one: 412, with the current one", async () => {
      const id = newId();
      await client.save(id, state(3));
      await client.save(id, state(4));
      const answer = await send(id, 1, [state(3), state(5)]);
      expectProblem(answer, 412, "precondition_failed");
      expect(answer.headers.get("ETag")).toBe('"2"');
      expect(await load(id)).toBe(state(4));
    });

    it("is applied once, however often it is sent", async () => {
      const id = newId();
      await client.save(id, state(3));
      const headers = { "Idempotency-Key": newId() };
      const first = await send(id, 1, [state(3), state(4)], headers);
      const again = await send(id, 1, [state(3), state(4)], headers);
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expect(again.json()).toEqual(first.json());
      const other = await send(id, 1, [state(3), state(5)], headers);
      expectProblem(other, 422, "idempotency_mismatch");
    });

    it("needs the version that it is made upon, and the digest of what it makes", async () => {
      const id = newId();
      await client.save(id, state(3));
      for (const [name, value] of [
        ["If-Match", "*"],
        ["If-Match", '"1", "2"'],
        ["Repr-Digest", "sha-512=:AAAA:"],
      ] as const) {
        const answer = expectProblem(
          await send(id, 1, [state(3), state(4)], { [name]: value }),
          400,
          "malformed",
        );
        expect(answer.errors[0]!.pointer).toBe(name);
      }
      expect(await load(id)).toBe(state(3));
    });

    it("broken, for another base, or too large: refused, and nothing changes", async () => {
      const id = newId();
      await client.save(id, state(3));
      const whole = encodeDelta(utf8.encode(state(3)), utf8.encode(state(4)));
      const headers = { "Content-Type": TYPE, "If-Match": '"1"', "Repr-Digest": digest(state(4)) };
      const bodies = [new Uint8Array(), whole.slice(0, -1), new Uint8Array([...whole, 0]), utf8.encode("{}")];
      for (const body of bodies)
        expectProblem(await client.patch(`${pipeline(id)}/state`, body, { headers }), 400, "malformed");
      const foreign = await send(id, 1, [`${state(3)} `, state(4)]);
      expectProblem(foreign, 400, "malformed");
      const huge = Uint8Array.of(0xcd, 1, 0x80, 0x80, 0x80, 0x80, 4, 1, 0);
      expectProblem(await client.patch(`${pipeline(id)}/state`, huge, { headers }), 400, "malformed");
      expect(await load(id)).toBe(state(3));
    });

    it("that does not make what it says is never served, and the state before it is resumed", async () => {
      const id = newId();
      await client.save(id, state(3));
      const lie = await send(id, 1, [state(3), state(4)], { "Repr-Digest": digest("something else") });
      expect(lie.status).toBe(200);
      expectProblem(await client.get(`${pipeline(id)}/state`), 409, "unrecoverable");
      const resumed = await client.post(`${pipeline(id)}/resume`, { owner: "me", ttlSeconds: 60 });
      expect(resumed.json().state).toEqual(JSON.parse(state(3)));
    });

    it("that makes no JSON of a state that is JSON is damage as well", async () => {
      const id = newId();
      await client.save(id, state(3));
      await send(id, 1, [state(3), `${state(4)},`]);
      expectProblem(await client.get(`${pipeline(id)}/state`), 409, "unrecoverable");
    });

    it("upon nothing: 404, upon a deleted pipeline 410, and never without the fence of a live lease", async () => {
      const id = newId();
      expectProblem(await send(id, 1, ["a", "b"]), 404, "not_found");
      await client.save(id, state(3));
      await client.post(`${pipeline(id)}/lease`, { owner: "me", ttlSeconds: 60 });
      expectProblem(await send(id, 1, [state(3), state(4)]), 409, "lease_held");
      const held = await send(id, 1, [state(3), state(4)], { "Cairn-Fence": "1" });
      expect(held.status).toBe(200);
      await client.delete(`${pipeline(id)}?force=true`, { as: "root" } as never);
    });
  });

  describe("PUT of a whole state", () => {
    it("stores what changed, and comes out whole at every version", async () => {
      const id = newId();
      const ids: string[] = [];
      let stored = 0;
      for (let step = 0; step < 30; step++) {
        const answer = await client.call("PUT", `${pipeline(id)}/state?checkpoint=always`, state(step), {
          headers: { "Content-Type": "application/json" },
        });
        ids.push(answer.json().checkpoint.checkpointId);
        stored += answer.json().storedBytes;
      }
      for (const [step, checkpoint] of ids.entries())
        expect((await client.get(`${pipeline(id)}/checkpoints/${checkpoint}/state`)).text).toBe(state(step));
      expect(stored).toBeLessThan(deflateSync(state(29)).length * 6);
    });
  });
}

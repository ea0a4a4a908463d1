import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline } from "./client.ts";

const NOBODYS = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";

export function diffContract(client: Client): void {
  const path = (id: string, a: string, b: string) => `${pipeline(id)}/checkpoints/${a}/diff/${b}`;

  describe("GET diff", () => {
    /** Two checkpoints of these texts, and what is between them. */
    async function diff(before: string, after: string) {
      const id = newId();
      const a = await client.checkpoint(id, before);
      const b = await client.checkpoint(id, after);
      const answer = await client.get(path(id, a, b));
      expect(answer.status, answer.text).toBe(200);
      return answer;
    }

    it("answers a JSON Patch, and the bytes of what changed", async () => {
      const kept = `"kept":"${"-".repeat(200)}"`;
      const answer = await diff(
        `{${kept},"n":1,"gone":[1,2],"a/b":{"x":[1,2,3]}}`,
        `{${kept},"n":2,"a/b":{"x":[1,3]},"new":"é"}`,
      );
      expect(answer.json()).toEqual({
        patch: [
          { op: "remove", path: "/gone" },
          { op: "replace", path: "/n", value: 2 },
          { op: "remove", path: "/a~1b/x/1" },
          { op: "add", path: "/new", value: "é" },
        ],
        bytes: { "/n": 0, "/gone": -5, "/a~1b": -2, "/new": 4 },
      });
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    });

    it("keeps numbers as they are written", async () => {
      const answer = await diff('{"n":[1,9007199254740993]}', '{"n":[1.0,9007199254740992,1E400,-0]}');
      const value = "[1.0,9007199254740992,1E400,-0]";
      const patch = `[{"op":"replace","path":"/n","value":${value}}]`;
      expect(answer.text).toBe(
        `{"patch":${patch},"bytes":{"/n":${value.length - "[1,9007199254740993]".length}}}`,
      );
    });

    it("is empty between equal contents", async () => {
      const id = newId();
      const a = await client.checkpoint(id, '{"a":[1]}');
      const b = await client.checkpoint(id, '{"a":[1]}');
      for (const other of [a, b, "current"]) {
        expect((await client.get(path(id, a, other))).text).toBe('{"patch":[],"bytes":{}}');
      }
    });

    it("tells a difference of white space by its bytes alone", async () => {
      expect((await diff('{"a":[1,2]}', '{"a": [1,  2]}')).text).toBe('{"patch":[],"bytes":{"/a":2}}');
    });

    it("counts a content that is no object as one", async () => {
      expect((await diff("[1,2]", "[1,2,3]")).json()).toMatchObject({ bytes: { "": 2 } });
      expect((await diff('{"a":1}', "7")).json()).toEqual({
        patch: [{ op: "replace", path: "", value: 7 }],
        bytes: { "": -6 },
      });
    });

    it("goes both ways, to the state as it is, and to data of its own", async () => {
      const id = newId();
      const kept = "-".repeat(200);
      const a = await client.checkpoint(id, { kept, n: 1 });
      await client.save(id, { kept, n: 22 });
      const { checkpointId: data } = (
        await client.post(`${pipeline(id)}/checkpoints`, { data: { kept, n: 333 } })
      ).json();
      const change = async (from: string, to: string) => (await client.get(path(id, from, to))).json();
      const replaced = (value: number) => [{ op: "replace", path: "/n", value }];
      expect(await change(a, "current")).toEqual({ patch: replaced(22), bytes: { "/n": 1 } });
      expect(await change(a, data)).toEqual({ patch: replaced(333), bytes: { "/n": 2 } });
      expect(await change(data, a)).toEqual({ patch: replaced(1), bytes: { "/n": -2 } });
    });

    it("makes a patch that PATCH takes", async () => {
      const id = newId();
      const a = await client.checkpoint(
        id,
        '{"__proto__":{"x":1},"list":[1,2,3,4],"big":12345678901234567890}',
      );
      const target = '{"__proto__":{"x":2},"list":[2,3,9,4],"big":12345678901234567891}';
      const b = await client.checkpoint(id, target);
      const { text } = await client.get(path(id, a, b));
      await client.save(id, (await client.get(`${pipeline(id)}/checkpoints/${a}/state`)).text);
      const patch = text.slice('{"patch":'.length, text.lastIndexOf(',"bytes":'));
      const headers = { "Content-Type": "application/json-patch+json" };
      expect((await client.patch(`${pipeline(id)}/state`, patch, { headers })).status).toBe(200);
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe(target);
    });

    it("needs JSON on both sides", async () => {
      const id = newId();
      const a = await client.checkpoint(id);
      await client.put(`${pipeline(id)}/state`, "{}", { headers: { "Content-Type": "text/plain" } });
      const b = (await client.post(`${pipeline(id)}/checkpoints`)).json().checkpointId;
      for (const [from, to] of [
        [a, b],
        [a, "current"],
        [b, a],
        [b, b],
      ] as const) {
        expectProblem(await client.get(path(id, from, to)), 422, "not_json");
      }
    });

    it("is 404 for what is missing, with the bytes that every other call has", async () => {
      const id = newId();
      const a = await client.checkpoint(id);
      const noCheckpoint = await client.get(`${pipeline(id)}/checkpoints/${NOBODYS}`);
      for (const [from, to] of [
        [a, NOBODYS],
        [NOBODYS, a],
        [NOBODYS, "current"],
      ] as const) {
        const answer = await client.get(path(id, from, to));
        expectProblem(answer, 404, "not_found");
        expect(answer.text).toBe(noCheckpoint.text);
      }
      const noPipeline = await client.get(pipeline(newId()));
      for (const to of [a, "current"]) {
        expect((await client.get(path(newId(), a, to))).text).toBe(noPipeline.text);
      }
      const stateless = newId();
      await client.put(pipeline(stateless));
      const { checkpointId } = (await client.post(`${pipeline(stateless)}/checkpoints`, { data: 1 })).json();
      expectProblem(await client.get(path(stateless, checkpointId, "current")), 404, "not_found");
    });

    it("refuses ids that cannot be, and `current` on the left", async () => {
      const id = newId();
      const a = await client.checkpoint(id);
      const bad = ["newest", "Current", "current%00", a.toUpperCase(), `${a}%0A`, ""];
      for (const each of bad) {
        expectProblem(await client.get(path(id, a, each)), 400, "invalid_id");
        expectProblem(await client.get(path(id, each, a)), 400, "invalid_id");
      }
      const { errors } = expectProblem(await client.get(path(id, a, "x")), 400, "invalid_id");
      expect(errors).toEqual([{ pointer: "diffTarget", message: "a UUIDv7 in lowercase, or 'current'" }]);
      expectProblem(await client.get(path(id, "current", a)), 400, "invalid_id");
      expectProblem(await client.get(`${path(id, a, a)}?select=/a`), 400, "malformed");
      expectProblem(await client.post(path(id, a, a), "{}", asJson), 405, "method_not_allowed");
    });
  });
}

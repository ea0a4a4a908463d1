import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline } from "./client.ts";

const text = new TextEncoder();

const KEPT: Record<string, string> = {
  "white space": ' \n{ "a" :\t[ 1 ,2 ]\r\n}\n ',
  "key order": '{"b":1,"a":2,"10":3,"9":4}',
  "duplicate keys": '{"a":1,"a":2,"a":{"a":3}}',
  "numbers out of range": "[1e400,-1e400,1e-400,-0,0.0,1.0,1E5]",
  "big integers": "[12345678901234567890,9007199254740993,-9223372036854775808]",
  "escaped nulls": '{"\\u0000":"\\u0000"}',
  "lone surrogates as escapes": '["\\ud800","\\udc00\\ud800","\\uD83D\\uDE00"]',
  "escapes of plain characters": '"\\u0061\\/\\"\\\\"',
  "text in many scripts": '{"ключ":"値 🪨 e\u0301"}',
  prototypes: '{"__proto__":{"a":1},"constructor":2}',
  scalars: '"just text"',
  null: "null",
  "64 levels": `${"[".repeat(64)}${"]".repeat(64)}`,
};

const REFUSED: Record<string, string | Uint8Array> = {
  nothing: "",
  "white space alone": " \n ",
  "a byte order mark": Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d),
  "broken UTF-8": Uint8Array.of(0x22, 0xff, 0x22),
  "overlong UTF-8": Uint8Array.of(0x22, 0xc0, 0x80, 0x22),
  "a surrogate in UTF-8": Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
  "cut UTF-8": Uint8Array.of(0x22, 0xe2, 0x82),
  "UTF-16": Uint8Array.of(0x7b, 0x00, 0x7d, 0x00),
  "a trailing comma": "[1,]",
  "single quotes": "{'a':1}",
  NaN: "[NaN]",
  "two documents": "{}{}",
  "raw control characters": '"\u0000"',
  "a comment": "{}//",
  "an open string": '{"a":"',
  "leading zeros": "[01]",
};

export function jsonContract(client: Client): void {
  const put = (id: string, body: string | Uint8Array, type: string) =>
    client.put(`${pipeline(id)}/state`, body, { headers: { "Content-Type": type } });

  describe("JSON comes back byte for byte", () => {
    it.each(Object.entries(KEPT))("%s", async (_name, body) => {
      const id = newId();
      expect((await put(id, body, "application/json")).status).toBe(201);
      const loaded = await client.get(`${pipeline(id)}/state`);
      expect(loaded.bytes).toEqual(text.encode(body));
      expect(loaded.headers.get("Content-Type")).toBe("application/json");
    });

    it.each(Object.entries(KEPT))("%s, through a checkpoint, a resume and a select", async (_name, body) => {
      const id = newId();
      const checkpointId = await client.checkpoint(id, body);
      const loaded = await client.get(`${pipeline(id)}/checkpoints/${checkpointId}/state`);
      expect(loaded.bytes).toEqual(text.encode(body));
      const resumed = await client.post(`${pipeline(id)}/resume`, { owner: "w", ttlSeconds: 60 });
      expect(resumed.text).toContain(`"state":${body},"stateUrl":"/v1/pipelines/${id}/state"}`);
      const whole = await client.get(`${pipeline(id)}/state?select=`);
      expect(whole.text).toBe(`{"":${body.trim()}}`);
    });

    it.each(Object.entries(KEPT))("%s, given as data of a checkpoint", async (_name, body) => {
      const id = newId();
      await client.save(id);
      const sent = `{"label":"x", "data" :${body}, "reason":"y"}`;
      const made = await client.post(`${pipeline(id)}/checkpoints`, sent, asJson);
      expect(made.status, made.text).toBe(201);
      const { checkpointId, bytes } = made.json();
      const loaded = await client.get(`${pipeline(id)}/checkpoints/${checkpointId}/state`);
      expect(loaded.text).toBe(body.trim());
      expect(bytes).toBe(loaded.bytes.length);
    });
  });

  describe("what is not JSON is refused", () => {
    it.each(Object.entries(REFUSED))("%s", async (_name, body) => {
      const id = newId();
      for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"]) {
        expectProblem(await put(id, body, type), 400, "invalid_json");
      }
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    });

    it.each(Object.entries(REFUSED))("%s, as the body of a call", async (_name, body) => {
      const answer = await client.post(`${pipeline(newId())}/lease`, body, asJson);
      expectProblem(answer, 400, "invalid_json");
    });

    it.each(Object.entries(REFUSED))("%s, but as bytes it is taken", async (_name, body) => {
      const id = newId();
      expect((await put(id, body, "text/plain")).status).toBe(201);
      const expected = typeof body === "string" ? text.encode(body) : body;
      expect((await client.get(`${pipeline(id)}/state`)).bytes).toEqual(expected);
    });

    it("a million levels are too deep, not a crash", async () => {
      for (const depth of [65, 1_000_000]) {
        const body = "[".repeat(depth) + "]".repeat(depth);
        expectProblem(await put(newId(), body, "application/json"), 422, "too_deep");
      }
    });

    it("never quotes the document", async () => {
      const answer = await put(newId(), '{"password":"hunter2" oops}', "application/json");
      expect(answer.text).not.toContain("hunter2");
    });
  });

  it("an empty body without a type is octets", async () => {
    const id = newId();
    const saved = await client.put(`${pipeline(id)}/state`, new Uint8Array());
    expect(saved.json()).toMatchObject({ version: 1, bytes: 0 });
    const loaded = await client.get(`${pipeline(id)}/state`);
    expect(loaded.bytes).toHaveLength(0);
    expect(loaded.headers.get("Content-Type")).toBe("application/octet-stream");
  });
}

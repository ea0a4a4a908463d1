import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

export function stateReadContract(client: Client): void {
  describe("GET state", () => {
    it("answers the bytes with what is known of them", async () => {
      const id = newId();
      const { savedAt } = await client.save(id, '{"a": 1}');
      const { status, text, headers } = await client.get(`${pipeline(id)}/state`);
      const base64 = createHash("sha256").update('{"a": 1}').digest("base64");
      expect({ status, text }).toEqual({ status: 200, text: '{"a": 1}' });
      expect(headers.get("ETag")).toBe('"1"');
      expect(headers.get("Repr-Digest")).toBe(`sha-256=:${base64}:`);
      expect(headers.get("Last-Modified")).toBe(new Date(savedAt).toUTCString());
      expect(headers.get("X-Request-Id")).toBeTruthy();
    });

    it("keeps stored pages from running on the service's origin", async () => {
      const id = newId();
      const page = "<script>alert(1)</script>";
      await client.put(`${pipeline(id)}/state`, page, { headers: { "Content-Type": "text/html" } });
      const { headers } = await client.get(`${pipeline(id)}/state`);
      expect(headers.get("Content-Type")).toBe("text/html");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("Content-Security-Policy")).toBe("default-src 'none'; sandbox");
    });

    it("answers HEAD without a body", async () => {
      const id = newId();
      await client.save(id, '{"a": 1}');
      const head = await client.call("HEAD", `${pipeline(id)}/state`);
      expect(head.status).toBe(200);
      expect(head.bytes).toHaveLength(0);
      expect(head.headers.get("ETag")).toBe('"1"');
      expect(head.headers.get("Content-Length")).toBe("8");
      expect((await client.call("HEAD", `${pipeline(newId())}/state`)).status).toBe(404);
    });

    it.each(['"2"', 'W/"2"', '"1", "2"', "*"])("answers 304 to If-None-Match: %s", async (tag) => {
      const id = newId();
      await client.save(id);
      await client.save(id);
      const same = await client.get(`${pipeline(id)}/state`, withHeaders({ "If-None-Match": tag }));
      expect(same.status).toBe(304);
      expect(same.bytes).toHaveLength(0);
      expect(same.headers.get("ETag")).toBe('"2"');
      await client.save(id);
      const changed = await client.get(`${pipeline(id)}/state`, withHeaders({ "If-None-Match": tag }));
      expect(changed.status).toBe(tag === "*" ? 304 : 200);
    });

    it("honours If-Match, before If-None-Match", async () => {
      const id = newId();
      await client.save(id);
      await client.save(id);
      const read = (headers: Record<string, string>) =>
        client.get(`${pipeline(id)}/state`, withHeaders(headers));
      for (const tag of ['"2"', "*", '"1", "2"']) expect((await read({ "If-Match": tag })).status).toBe(200);
      for (const tag of ['"1"', 'W/"2"', '"9", "1"']) {
        for (const other of [{}, { "If-None-Match": '"2"' }]) {
          const answer = await read({ "If-Match": tag, ...other });
          expectProblem(answer, 412, "precondition_failed");
          expect(answer.headers.get("ETag")).toBe('"2"');
        }
      }
      expect((await read({ "If-Match": '"2"', "If-None-Match": '"2"' })).status).toBe(304);
      const missing = await client.get(`${pipeline(newId())}/state`, withHeaders({ "If-Match": "*" }));
      expectProblem(missing, 404, "not_found");
    });

    it("takes lists with empty elements", async () => {
      const id = newId();
      await client.save(id);
      for (const tag of ['"1",', ', "1"', '"7", , "1"', ',\t,"1" ,,']) {
        const read = (name: string) => client.get(`${pipeline(id)}/state`, withHeaders({ [name]: tag }));
        expect((await read("If-Match")).status).toBe(200);
        expect((await read("If-None-Match")).status).toBe(304);
      }
    });

    it("refuses a malformed If-None-Match", async () => {
      const id = newId();
      await client.save(id);
      const answer = await client.get(`${pipeline(id)}/state`, withHeaders({ "If-None-Match": "2" }));
      expectProblem(answer, 400, "malformed");
    });

    it("is 404 without a pipeline or without a state", async () => {
      const id = newId();
      expectProblem(await client.get(`${pipeline(id)}/state`), 404, "not_found");
      await client.put(pipeline(id));
      expectProblem(await client.get(`${pipeline(id)}/state`), 404, "not_found");
      const conditional = withHeaders({ "If-None-Match": "*" });
      expectProblem(await client.get(`${pipeline(id)}/state`, conditional), 404, "not_found");
    });
  });

  describe("select", () => {
    const state = '{ "a": {"b": [1, 2.50, {"c" : 1e400}]}, "x/y": 1, "m~n": null, "": 0, "d": 1, "d": 2 }';

    async function select(...pointers: string[]) {
      const id = newId();
      await client.save(id, state);
      const query = pointers.map((pointer) => `select=${encodeURIComponent(pointer)}`).join("&");
      return client.get(`${pipeline(id)}/state?${query}`);
    }

    it.each([
      [["/a/b"], '{"/a/b":[1, 2.50, {"c" : 1e400}]}'],
      [["/a/b/1", "/a/b/2/c"], '{"/a/b/1":2.50,"/a/b/2/c":1e400}'],
      [["/x~1y", "/m~0n", "/", "/d"], '{"/x~1y":1,"/m~0n":null,"/":0,"/d":2}'],
      [["/none", "/a/b/9", "/a/b/-"], "{}"],
      [["/d", "/d"], '{"/d":2}'],
      [[""], `{"":${state}}`],
    ])("cuts %j out as it stands", async (pointers, expected) => {
      const answer = await select(...pointers);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(expected);
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      expect(answer.headers.get("ETag")).toBe('"1"');
      expect(answer.headers.get("Repr-Digest")).toBeNull();
    });

    it.each(["a/b", "/a~2", "/~", "#/a"])("refuses the pointer %s", async (pointer) => {
      expectProblem(await select("/a", pointer), 400, "malformed");
    });

    it("needs JSON", async () => {
      const id = newId();
      await client.put(`${pipeline(id)}/state`, "{}", { headers: { "Content-Type": "text/plain" } });
      expectProblem(await client.get(`${pipeline(id)}/state?select=/a`), 422, "not_json");
    });

    it("does not multiply a large state", async () => {
      const id = newId();
      await client.save(id, `{"a":{"b":{"c":{"d":{"e":"${"x".repeat(1_100_000)}"}}}}}`);
      const nested = ["", "/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/b/c/d/e"];
      const query = nested.map((pointer) => `select=${pointer}`).join("&");
      expectProblem(await client.get(`${pipeline(id)}/state?${query}`), 413, "too_large");
      expect((await client.get(`${pipeline(id)}/state?select=/a/b/c/d/e&select=/x&select=`)).status).toBe(
        200,
      );
    });
  });
}

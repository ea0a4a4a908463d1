import { createHash, randomBytes } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const MIB = 1024 * 1024;
const LIMIT = 25 * MIB;

/** 256 MiB of zeros. */
const BROTLI_BOMB =
  "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P" +
  "//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/x///P/gnAOKwAED3/o///3/wTwDEYQGA7v0f////" +
  "4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/B" +
  "MAcVgAoHv/x///P/gnAOKwAED3/o///3/wTwDEYQGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIg" +
  "DgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/x///P/gnAOKwAED3/o///3/wTwDEYQ" +
  "GA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQ" +
  "vf/L//8//BMAcVgAoHv/Bw==";

export function limitContract(client: Client, largeRequests: boolean): void {
  const put = (id: string, body: Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
    client.put(`${pipeline(id)}/state`, body, { headers });

  describe.runIf(largeRequests)("large bodies", { timeout: 60_000 }, () => {
    it("20 MB of JSON", async () => {
      const id = newId();
      const body = new TextEncoder().encode(`["${"x".repeat(20_000_000)}"]`);
      const saved = await put(id, body, { "Content-Type": "application/json" });
      expect(saved.status, saved.text).toBe(201);
      expect(saved.json().bytes).toBe(20_000_004);
      const loaded = await client.get(`${pipeline(id)}/state`);
      expect(loaded.bytes.length).toBe(20_000_004);
      expect(createHash("sha256").update(loaded.bytes).digest("hex")).toBe(saved.json().sha256);
    });

    it("of exactly the limit, and not a byte more", async () => {
      const id = newId();
      const body = new Uint8Array(LIMIT + 1);
      expect((await put(id, body.subarray(0, LIMIT))).status).toBe(201);
      expectProblem(await put(id, body), 413, "too_large");
      expect((await client.get(pipeline(id))).json()).toMatchObject({ version: 1, bytes: LIMIT });
    });

    it("of unknown length are counted as they come", async () => {
      const id = newId();
      expect((await put(id, chunks(3, MIB))).json().bytes).toBe(3 * MIB);
      expectProblem(await put(id, chunks(30, MIB)), 413, "too_large");
      expect((await client.get(pipeline(id))).json().version).toBe(1);
    });

    it("of refused requests do not break the connection", async () => {
      const body = new Uint8Array(10 * MIB);
      const id = newId();
      expectProblem(await client.put(`${pipeline(id)}/state`, body, { as: null }), 401, "unauthorized");
      expectProblem(await client.put(`${pipeline("%00")}/state`, body), 400, "invalid_id");
      expectProblem(await client.put("/v1/nope", body), 404, "not_found");
      expectProblem(await client.post(`${pipeline(id)}/state`, body), 405, "method_not_allowed");
      expectProblem(await put(id, body, { "Content-Encoding": "x" }), 415, "unsupported_media_type");
    });

    it("count for calls as well", async () => {
      const id = newId();
      await client.save(id);
      const body = new TextEncoder().encode(`{"data":"${"x".repeat(LIMIT)}"}`);
      const headers = { "Content-Type": "application/json" };
      expectProblem(await client.post(`${pipeline(id)}/checkpoints`, body, { headers }), 413, "too_large");
    });

    it("that a patch would make are refused", async () => {
      const id = newId();
      await client.save(id, { a: "x".repeat(13 * MIB) });
      const body = JSON.stringify({ b: "x".repeat(13 * MIB) });
      const headers = { "Content-Type": "application/merge-patch+json" };
      expectProblem(await client.patch(`${pipeline(id)}/state`, body, { headers }), 413, "too_large");
      const copies = JSON.stringify([{ op: "copy", from: "/a", path: "/b" }]);
      const operations = { headers: { "Content-Type": "application/json-patch+json" } };
      expectProblem(await client.patch(`${pipeline(id)}/state`, copies, operations), 413, "too_large");
    });
  });

  describe("Content-Encoding", () => {
    const text = new TextEncoder().encode(JSON.stringify({ words: Array(500).fill("cairn") }));

    it.each([
      ["gzip", gzipSync(text)],
      ["x-gzip", gzipSync(text)],
      ["GZIP", Buffer.concat([gzipSync(text.subarray(0, 9)), gzipSync(text.subarray(9))])],
      ["deflate", deflateSync(text)],
      ["br", brotliCompressSync(text)],
      ["identity", text],
    ])("%s is decoded", async (coding, body) => {
      const id = newId();
      const digest = `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
      const saved = await put(id, new Uint8Array(body), {
        "Content-Type": "application/json",
        "Content-Encoding": coding,
        "Repr-Digest": digest,
      });
      expect(saved.status, saved.text).toBe(201);
      expect(saved.json().bytes).toBe(text.length);
      const loaded = await client.get(`${pipeline(id)}/state`);
      expect(loaded.bytes).toEqual(text);
      expect(loaded.headers.get("Content-Encoding")).toBeNull();
    });

    it("of calls is decoded as well", async () => {
      const id = newId();
      await client.save(id);
      const body = gzipSync('{"label":"packed"}');
      const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
      const made = await client.post(`${pipeline(id)}/checkpoints`, new Uint8Array(body), { headers });
      expect(made.json()).toMatchObject({ label: "packed" });
    });

    it.each(["zstd", "compress", "gzip, br", "x"])("%s is not known", async (coding) => {
      expectProblem(await put(newId(), text, { "Content-Encoding": coding }), 415, "unsupported_media_type");
    });

    it.each([
      ["gzip", text],
      ["gzip", gzipSync(text).subarray(0, -9)],
      ["gzip", new Uint8Array()],
      ["gzip", Buffer.concat([gzipSync(text), Buffer.from("more")])],
      ["deflate", deflateRawSync(text)],
      ["deflate", Buffer.concat([deflateSync(text), Buffer.from("more")])],
      ["br", brotliCompressSync(text).subarray(0, -1)],
      ["br", Buffer.concat([brotliCompressSync(text), Buffer.from("more")])],
    ])("broken %s is refused (%#)", async (coding, body) => {
      const id = newId();
      expectProblem(await put(id, new Uint8Array(body), { "Content-Encoding": coding }), 400, "malformed");
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    });

    it.each([
      ["br", () => Buffer.from(BROTLI_BOMB, "base64")],
      ["gzip", () => gzipSync(new Uint8Array(64 * MIB))],
      ["deflate", () => deflateSync(new Uint8Array(64 * MIB))],
    ])("a bomb of %s costs no time", { timeout: 60_000 }, async (coding, make) => {
      const bomb = new Uint8Array(make());
      const start = Date.now();
      expectProblem(await put(newId(), bomb, { "Content-Encoding": coding }), 413, "too_large");
      expect(Date.now() - start).toBeLessThan(5000);
    });

    it("what does not shrink comes back as well", async () => {
      const id = newId();
      const noise = new Uint8Array(randomBytes(60_000));
      await put(id, new Uint8Array(gzipSync(noise)), { "Content-Encoding": "gzip" });
      const { bytes } = await client.get(`${pipeline(id)}/state`);
      expect(Buffer.from(bytes).equals(noise)).toBe(true);
    });
  });
}

function chunks(count: number, size: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(size));
      else controller.close();
    },
  });
}

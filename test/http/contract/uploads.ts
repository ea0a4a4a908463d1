import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const TYPE = "application/vnd.cairn.parts+json";

/** Bytes that do not compress. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = seed | 1; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) | 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const reprDigest = (bytes: Uint8Array) => `sha-256=:${digest(bytes).toString("base64")}:`;

export function uploadContract(client: Client): void {
  const begin = async (id: string) =>
    (await client.post(`${pipeline(id)}/uploads`)).json() as unknown as {
      uploadId: string;
      partBytes: number;
    };

  const send = (id: string, uploadId: string, part: number | string, bytes: Uint8Array, headers = {}) =>
    client.call("PUT", `${pipeline(id)}/uploads/${uploadId}/parts/${part}`, bytes, {
      headers: { "Content-Type": "application/octet-stream", ...headers },
    });

  const finish = (
    id: string,
    body: object,
    whole: Uint8Array,
    { query = "", ...headers }: Record<string, string> = {},
  ) =>
    client.call("PUT", `${pipeline(id)}/state${query}`, JSON.stringify(body), {
      headers: { "Content-Type": TYPE, "Repr-Digest": reprDigest(whole), ...headers },
    });

  /** Sends all parts, and answers what makes the state of them. */
  async function upload(id: string, parts: Uint8Array[], contentType = "application/octet-stream") {
    const { uploadId } = await begin(id);
    const answers = await Promise.all(parts.map((bytes, i) => send(id, uploadId, i + 1, bytes)));
    const tokens = answers.map((answer) => (answer.json() as unknown as { token: string }).token);
    return { whole: Buffer.concat(parts), body: { uploadId, contentType, parts: tokens } };
  }

  const load = (id: string, headers: Record<string, string> = {}) =>
    client.get(`${pipeline(id)}/state`, { headers });

  describe("a state in parts", () => {
    it("comes out whole, once as the client says, then verified", async () => {
      const id = newId();
      const { whole, body } = await upload(
        id,
        [noise(70_000, 1), noise(3, 2), noise(50_000, 3)],
        "image/png",
      );
      const saved = await finish(id, body, whole, { query: "?checkpoint=always" });
      expect(saved.status, saved.text).toBe(201);
      expect(saved.json()).toMatchObject({
        version: 1,
        bytes: whole.length,
        checkpoint: { verified: false },
      });
      expect(saved.json().storedBytes).toBeGreaterThanOrEqual(whole.length);
      const loaded = await load(id);
      expect(Buffer.compare(loaded.bytes, whole)).toBe(0);
      expect(loaded.headers.get("Content-Type")).toBe("image/png");
      expect(loaded.headers.get("Repr-Digest")).toBe(reprDigest(whole));
      const { checkpointId } = saved.json().checkpoint;
      const one = await client.get(`${pipeline(id)}/checkpoints/${checkpointId}`);
      expect(one.json()).toMatchObject({ verified: true, bytes: whole.length });
      const bytes = (await client.get(`${pipeline(id)}/checkpoints/${checkpointId}/state`)).bytes;
      expect(Buffer.compare(bytes, whole)).toBe(0);
    });

    it("is read by ranges, also across parts", async () => {
      const id = newId();
      const { whole, body } = await upload(id, [noise(1000, 1), noise(1000, 2), noise(500, 3)]);
      await finish(id, body, whole);
      for (const [range, from, end] of [
        ["bytes=0-9", 0, 10],
        ["bytes=990-1010", 990, 1011],
        ["bytes=2400-", 2400, 2500],
        ["bytes=-5", 2495, 2500],
        ["bytes=0-99999", 0, 2500],
      ] as const) {
        const answer = await load(id, { Range: range });
        expect([answer.status, answer.headers.get("Content-Range")]).toEqual([
          206,
          `bytes ${from}-${end - 1}/2500`,
        ]);
        expect(Buffer.compare(answer.bytes, whole.subarray(from, end)), range).toBe(0);
      }
      expectProblem(await load(id, { Range: "bytes=2500-" }), 416, "range_not_satisfiable");
      for (const ignored of ["bytes=5-1", "lines=1-2", "bytes=0-1,3-4"])
        expect((await load(id, { Range: ignored })).status, ignored).toBe(200);
    });

    it("ranges are served of any state", async () => {
      const id = newId();
      await client.save(id, { a: 1 });
      const answer = await load(id, { Range: "bytes=1-3" });
      expect([answer.status, answer.text]).toEqual([206, '"a"']);
    });

    it("is JSON as any other: select and patches read it, resume tells where it is", async () => {
      const id = newId();
      const text = JSON.stringify({ list: Array.from({ length: 5000 }, (_, i) => i), name: "x" });
      const bytes = new TextEncoder().encode(text);
      const { body, whole } = await upload(id, [bytes.slice(0, 1001), bytes.slice(1001)], "application/json");
      await finish(id, body, whole);
      expect((await client.get(`${pipeline(id)}/state?select=/name&select=/list/4999`)).json()).toEqual({
        "/name": "x",
        "/list/4999": 4999,
      });
      const resumed = await client.post(`${pipeline(id)}/resume`, { owner: "me", ttlSeconds: 60 });
      expect(resumed.json()).toMatchObject({ state: null, stateUrl: `/v1/pipelines/${id}/state` });
      const patched = await client.patch(`${pipeline(id)}/state`, '{"list":null}', {
        headers: { "Content-Type": "application/merge-patch+json", "Cairn-Fence": "1" },
      });
      expect(patched.status, patched.text).toBe(200);
      expect((await load(id)).text).toBe('{"name":"x"}');
    });

    it("is gone back to, as often as wanted", async () => {
      const id = newId();
      const { whole, body } = await upload(id, [noise(9000, 1), noise(9000, 2)]);
      await finish(id, body, whole, { query: "?checkpoint=always" });
      await client.save(id, { small: true });
      await client.save(id, { small: 2 });
      const back = await client.post(`${pipeline(id)}/recover`, {});
      expect(back.json()).toMatchObject({ version: 4, bytes: whole.length });
      await client.save(id, { small: 3 });
      await client.save(id, { small: 4 });
      expect((await client.post(`${pipeline(id)}/rollback`, {})).status).toBe(200);
      expect(Buffer.compare((await load(id)).bytes, whole)).toBe(0);
    });

    it("whose digest is not that of its parts is never served whole", async () => {
      const id = newId();
      await client.save(id, { before: true });
      const { body } = await upload(id, [noise(5000, 1), noise(5000, 2)]);
      expect((await finish(id, body, new Uint8Array(1))).status).toBe(200);
      const answer = await load(id).catch(() => null);
      expect(answer?.bytes.length ?? 0).toBeLessThan(10_000);
      const resumed = await client.post(`${pipeline(id)}/resume`, { owner: "me", ttlSeconds: 60 });
      expect(resumed.json().state).toEqual({ before: true });
    });

    it("without one of its parts, in another order, or of another pipeline is refused, and nothing changes", async () => {
      const id = newId();
      const other = newId();
      await client.save(id, { before: true });
      const { body, whole } = await upload(other, [noise(100, 1), noise(100, 2)]);
      expectProblem(await finish(id, body, whole), 422, "parts_missing");
      expect((await finish(other, body, whole)).status).toBe(201);
      const mine = await upload(id, [noise(100, 1), noise(100, 2)]);
      const swapped = { ...mine.body, parts: mine.body.parts.toReversed() };
      expectProblem(await finish(id, swapped, mine.whole), 400, "malformed");
      for (const parts of [[], ["x"], Array(1001).fill(mine.body.parts[0])])
        expectProblem(await finish(id, { ...mine.body, parts }, mine.whole), 400, "malformed");
      const without = await client.call("PUT", `${pipeline(id)}/state`, JSON.stringify(mine.body), {
        headers: { "Content-Type": TYPE },
      });
      expectProblem(without, 400, "malformed");
      expect((await load(id)).text).toBe('{"before":true}');
    });

    it("is saved once, however often it is sent, and only with the fence of a live lease", async () => {
      const id = newId();
      const { body, whole } = await upload(id, [noise(100, 1), noise(100, 2)]);
      const headers = { "Idempotency-Key": newId() };
      const first = await finish(id, body, whole, headers);
      const again = await finish(id, body, whole, headers);
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expect(again.json()).toEqual(first.json());
      await client.post(`${pipeline(id)}/lease`, { owner: "me", ttlSeconds: 60 });
      const next = await upload(id, [noise(100, 3)]);
      expectProblem(await finish(id, next.body, next.whole), 409, "lease_held");
      expect(
        (await finish(id, next.body, next.whole, { "Cairn-Fence": "1", "If-Match": '"1"' })).status,
      ).toBe(200);
    });

    it("parts have a place, an upload, and a size", async () => {
      const id = newId();
      const { uploadId, partBytes } = await begin(id);
      expect(partBytes).toBeLessThanOrEqual(4_194_304);
      for (const place of ["0", "1001", "x", "01", "1.5"])
        expectProblem(await send(id, uploadId, place, noise(10, 1)), 400, "invalid_id");
      expectProblem(await send(id, "1-x", 1, noise(10, 1)), 400, "invalid_id");
      expectProblem(await send(id, uploadId, 1, new Uint8Array()), 400, "malformed");
      expectProblem(await send(id, uploadId, 1, new Uint8Array(partBytes + 1)), 413, "too_large");
      const wrong = { "Repr-Digest": reprDigest(noise(11, 1)) };
      expectProblem(await send(id, uploadId, 1, noise(10, 1), wrong), 400, "digest_mismatch");
      expectProblem(await load(id), 404, "not_found");
    });
  });
}

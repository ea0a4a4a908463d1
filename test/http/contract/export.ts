import { describe, expect, it } from "vitest";
import { CairnError, type ErrorCode } from "../../../src/model/errors.ts";
import { openExport } from "../../../src/recovery/export/open.ts";
import { type Call, replay } from "../../../src/verbs/replay.ts";
import { type Client, expectProblem, newId, pipeline } from "./client.ts";

const LONG = Array.from({ length: 200 }, (_, i) => i ** 7);

export function exportContract(client: Client, largeRequests: boolean): void {
  const download = async (id: string) => {
    const answer = await client.get(`${pipeline(id)}/export`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("Content-Type")).toBe("application/vnd.cairn.export");
    return new Blob([new Uint8Array(answer.bytes)]);
  };

  /** The calls of `cairn import`; `left` of them go well. */
  const calls =
    (left = Number.POSITIVE_INFINITY): Call =>
    async (method, path, { headers = {}, body } = {}) => {
      if (left-- <= 0) throw new Error("killed");
      const answer = await client.call(method, path, body, { headers });
      if (answer.status < 300) return answer.text === "" ? {} : JSON.parse(answer.text);
      throw new CairnError(answer.json().code as ErrorCode, answer.json().detail);
    };

  /** One of everything that goes over HTTP. */
  async function rich(id: string): Promise<void> {
    await client.put(pipeline(id), { kind: "etl", labels: { a: "b" }, policy: { strategy: "never" } });
    const checkpoints = `${pipeline(id)}/checkpoints`;
    await client.checkpoint(id, { LONG, n: 1 });
    await client.checkpoint(id, { LONG, n: 2 });
    await client.post(checkpoints, { label: "again", metadata: { a: [1] }, reason: "why not" });
    await client.call("POST", checkpoints, '{"data": {"n":  1e400}, "label": "data"}', {
      headers: { "Content-Type": "application/json" },
    });
    await client.post(checkpoints, { data: 1 });
    await client.checkpoint(id, { LONG, n: 1 });
    await client.save(id, '{"the":  "state"}');
    await client.patch(pipeline(id), { status: "completed" });
  }

  async function essence(id: string) {
    const { data } = (await client.get(`${pipeline(id)}/checkpoints`)).json();
    const contents = data.map(({ checkpointId }) => `${pipeline(id)}/checkpoints/${checkpointId}/state`);
    const view = (await client.get(pipeline(id))).json() as unknown as Record<string, unknown>;
    const { kind, labels, policy, retention, recovery, tasks, merge, status, sha256, contentType } = view;
    return {
      view: { kind, labels, policy, retention, recovery, tasks, merge, status, sha256, contentType },
      checkpoints: data.map((each) => {
        const { source, label, metadata, reason, contentType, sha256 } = each as unknown as Record<
          string,
          unknown
        >;
        return { source, label, metadata, reason, contentType, sha256 };
      }),
      texts: await Promise.all(contents.map(async (path) => (await client.get(path)).text)),
      state: (await client.get(`${pipeline(id)}/state`)).text,
    };
  }

  describe("GET export, and an import by the ordinary calls", () => {
    it("make the same pipeline again, under another id", async () => {
      const [id, into] = [newId(), newId()];
      await rich(id);
      const opened = await openExport(await download(id));
      expect(opened.contents.size).toBe(5);
      expect(await replay(calls(), into, opened)).toEqual({ made: 6, leftOut: [] });
      expect(await essence(into)).toEqual(await essence(id));
    });

    it.runIf(largeRequests)("with a state too large for one request", async () => {
      const [id, into] = [newId(), newId()];
      const text = JSON.stringify("x".repeat(9_000_000));
      await client.save(id, text);
      await replay(calls(), into, await openExport(await download(id)));
      expect((await client.get(`${pipeline(into)}/state`)).text === text).toBe(true);
    });

    it("never over a pipeline that is there, but over an import that was broken off", async () => {
      const [id, into] = [newId(), newId()];
      await rich(id);
      const opened = await openExport(await download(id));
      await expect(replay(calls(), id, opened)).rejects.toMatchObject({ code: "precondition_failed" });
      for (const left of [2, 4, 9]) await expect(replay(calls(left), into, opened)).rejects.toThrow("killed");
      expect((await client.get(pipeline(into))).json()).toMatchObject({ kind: "cairn.import", recovery: {} });
      await replay(calls(), into, opened);
      expect(await essence(into)).toEqual(await essence(id));
      await expect(replay(calls(), into, opened)).rejects.toMatchObject({ code: "precondition_failed" });
    });

    it("for those who may read", async () => {
      const id = newId();
      const path = `${pipeline(id)}/export`;
      expectProblem(await client.get(path), 404, "not_found");
      await client.save(id);
      expect((await client.get(path, { as: "reader" })).status).toBe(200);
      expectProblem(await client.get(path, { as: "writer" }), 403, "forbidden");
      expectProblem(await client.get(path, { as: "bob" }), 404, "not_found");
      await client.delete(pipeline(id));
      expectProblem(await client.get(path), 404, "not_found");
    });
  });
}

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { asJson, type Client, expectProblem, newId, pipeline, withHeaders } from "./client.ts";

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();
const digest = (bytes: Uint8Array | string) => `sha-256=:${sha256(bytes).toString("base64")}:`;

export function stateWriteContract(client: Client): void {
  const put = (id: string, body: string, headers: Record<string, string> = {}, query = "") =>
    client.put(`${pipeline(id)}/state${query}`, body, withHeaders(headers));

  describe("PUT state", () => {
    it("answers 201 on create, else 200, with what was saved", async () => {
      const id = newId();
      const first = await put(id, '{"a":1}');
      expect(first.status).toBe(201);
      expect(first.headers.get("ETag")).toBe('"1"');
      expect(first.headers.get("Content-Type")).toBe("application/json");
      expect(first.json()).toEqual({
        pipelineId: id,
        version: 1,
        bytes: 7,
        storedBytes: 7,
        sha256: sha256('{"a":1}').toString("hex"),
        savedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        checkpoint: null,
        decision: null,
      });
      const second = await put(id, '{"a":1}');
      expect(second.status).toBe(200);
      expect(second.headers.get("ETag")).toBe('"2"');
      expect(second.headers.get("Idempotency-Replayed")).toBeNull();
    });

    it("checkpoints in the same commit when asked", async () => {
      const id = newId();
      const { checkpoint, version } = await client.save(id, { a: 1 }, { query: "?checkpoint=always" });
      expect(checkpoint).toMatchObject({
        pipelineId: id,
        version,
        sequence: 1,
        source: "state",
        label: null,
      });
      const shown = await client.get(`${pipeline(id)}/checkpoints/${checkpoint.checkpointId}`);
      expect(shown.json()).toEqual(checkpoint);
      expect((await client.save(id, "{}", { query: "?checkpoint=never" })).checkpoint).toBeNull();
    });

    it("labels that checkpoint, in replays too", async () => {
      const id = newId();
      const headers = { "Idempotency-Key": "a" };
      const query = (label: string) => `?checkpoint=always&label=${encodeURIComponent(label)}`;
      const first = await put(id, "{}", headers, query("über a+b"));
      expect(first.json().checkpoint).toMatchObject({ label: "über a+b" });
      expect((await put(id, "{}", headers, query("über a+b"))).json()).toEqual(first.json());
      expectProblem(await put(id, "{}", headers, query("b")), 422, "idempotency_mismatch");
      const merge = withHeaders({ "Content-Type": "application/merge-patch+json" });
      expect((await client.patch(`${pipeline(id)}/state${query("c")}`, '{"a":1}', merge)).status).toBe(200);
      const found = await client.get(`${pipeline(id)}/checkpoints?label=c`);
      expect(found.json().data).toMatchObject([{ version: 2, label: "c" }]);
    });

    it.each(["?label=a", "?label=a&checkpoint=never", "?label=&checkpoint=always"])(
      "refuses %s",
      async (query) => {
        expectProblem(await put(newId(), "{}", {}, query), 400, "malformed");
      },
    );

    it("decides by the policy with checkpoint=auto, and says why", async () => {
      const id = newId();
      await client.put(pipeline(id), { policy: { strategy: "time", maxIntervalSeconds: 3600 } });
      const first = await client.save(id, "{}", { query: "?checkpoint=auto" });
      expect(first.checkpoint).not.toBeNull();
      expect(first.decision).toMatchObject({ checkpoint: true, strategy: "time" });
      const task = '"train"; criticality=0.9; seconds=120; progress=0.4; event="epoch"';
      const second = await put(id, "{}", { "Cairn-Task": task }, "?checkpoint=auto");
      expect(second.json()).toMatchObject({
        checkpoint: null,
        decision: { checkpoint: false, criticality: 0.9 },
      });
    });

    it.each([
      "train",
      '"train',
      '"train"; criticality=2',
      '"train"; colour="red"',
      '"train"; name="other"',
      '"train"; progress="half"',
      '"train"; progress=0.12345',
      '""',
      "3",
      '("a" "b")',
    ])("refuses Cairn-Task: %s", async (task) => {
      expectProblem(await put(newId(), "{}", { "Cairn-Task": task }), 400, "malformed");
    });

    it("knows onConflict=fail, which is the default", async () => {
      const id = newId();
      expect((await put(id, "{}", {}, "?onConflict=fail")).status).toBe(201);
      const late = await put(id, "{}", { "If-Match": '"7"' }, "?onConflict=fail");
      expectProblem(late, 412, "precondition_failed");
      expectProblem(await put(id, "{}", {}, "?onConflict=other"), 400, "malformed");
    });
  });

  describe("Content-Type", () => {
    const types = [
      "application/json, application/json",
      "application/json;charset=utf-8, text/plain",
      "application/jsön",
      'text/plain; title="é"',
      "json",
      "text/",
      "text/plain; charset",
      'text/plain; a="b',
      `text/${"x".repeat(300)}`,
    ];

    it.each(types)("%s is malformed, on all bodies", async (type) => {
      const id = newId();
      const extras = { headers: { "Content-Type": type } };
      for (const answer of [
        await client.put(`${pipeline(id)}/state`, "{}", extras),
        await client.put(pipeline(id), "{}", extras),
        await client.patch(`${pipeline(id)}/state`, "{}", extras),
      ]) {
        const { errors } = expectProblem(answer, 400, "malformed");
        expect(errors).toEqual([{ pointer: "Content-Type", message: expect.any(String) }]);
      }
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    });

    it.each(["text/plain;charset=utf-8", 'a/b ; c="d, \\"e\\"" ; f=g', "x-1/vnd.a+b;"])(
      "%s is kept",
      async (type) => {
        const id = newId();
        const extras = { headers: { "Content-Type": type } };
        expect((await client.put(`${pipeline(id)}/state`, "x", extras)).status).toBe(201);
        expect((await client.get(`${pipeline(id)}/state`)).headers.get("Content-Type")).toBe(type);
      },
    );
  });

  describe("conditions of PUT state", () => {
    it("If-Match writes only over that version, and 412 tells the current one", async () => {
      const id = newId();
      await client.save(id);
      expect((await put(id, "[2]", { "If-Match": '"1"' })).headers.get("ETag")).toBe('"2"');
      const late = await put(id, "[3]", { "If-Match": '"1"' });
      expectProblem(late, 412, "precondition_failed");
      expect(late.headers.get("ETag")).toBe('"2"');
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe("[2]");
    });

    it("If-Match takes lists and *", async () => {
      const id = newId();
      await client.save(id);
      expect((await put(id, "[2]", { "If-Match": '"7", "1"' })).status).toBe(200);
      expect((await put(id, "[3]", { "If-Match": "*" })).status).toBe(200);
      expectProblem(await put(id, "[4]", { "If-Match": '"7", "8"' }), 412, "precondition_failed");
      expect((await put(id, "[4]", { "If-Match": '"a,b" , "3"' })).status).toBe(200);
    });

    it.each(['W/"1"', '"01"', '"one"', '""', '"99999999999999999999"'])(
      "If-Match: %s never matches",
      async (tag) => {
        const id = newId();
        await client.save(id);
        expectProblem(await put(id, "[2]", { "If-Match": tag }), 412, "precondition_failed");
      },
    );

    it.each(["1", '"1', '"1" "2"', '"1";"2"', "**", 'w/"1"', "'1'", '"1",*', ",", ", ,"])(
      "If-Match: %s is malformed",
      async (tag) => {
        const id = newId();
        await client.save(id);
        expectProblem(await put(id, "[2]", { "If-Match": tag }), 400, "malformed");
      },
    );

    it("If-Match never creates", async () => {
      for (const tag of ["*", '"1"', '"1", "2"']) {
        const id = newId();
        const answer = await put(id, "{}", { "If-Match": tag });
        expectProblem(answer, 412, "precondition_failed");
        expect(answer.headers.get("ETag")).toBeNull();
        await client.put(pipeline(id));
        expectProblem(await put(id, "{}", { "If-Match": tag }), 412, "precondition_failed");
      }
    });

    it("If-None-Match: * only creates", async () => {
      const id = newId();
      expect((await put(id, "[1]", { "If-None-Match": "*" })).status).toBe(201);
      const again = await put(id, "[2]", { "If-None-Match": "*" });
      expectProblem(again, 412, "precondition_failed");
      expect(again.headers.get("ETag")).toBe('"1"');
    });

    it("If-None-Match: * writes the first state of a registered pipeline", async () => {
      const id = newId();
      await client.put(pipeline(id), { kind: "etl" });
      expect((await put(id, "[1]", { "If-None-Match": "*" })).status).toBe(201);
    });

    it("refuses other values of If-None-Match, and both conditions together", async () => {
      const id = newId();
      expectProblem(await put(id, "{}", { "If-None-Match": '"1"' }), 400, "malformed");
      expectProblem(await put(id, "{}", { "If-None-Match": "*", "If-Match": '"1"' }), 400, "malformed");
      expectProblem(await client.get(pipeline(id)), 404, "not_found");
    });

    it("lets one of many win", async () => {
      const id = newId();
      await client.save(id);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => put(id, `[${i}]`, { "If-Match": '"1"' })),
      );
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
      expect(answers.filter((answer) => answer.status === 412)).toHaveLength(19);
    });

    it("lets all of many in, one after the other, without a condition", async () => {
      const id = newId();
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => put(id, `[${i}]`)));
      const versions = answers.map((answer) => answer.json().version);
      expect(versions.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    });
  });

  describe("Repr-Digest of a save", () => {
    it("is compared when it is there", async () => {
      const id = newId();
      expect((await put(id, "[1]", { "Repr-Digest": digest("[1]") })).status).toBe(201);
      const both = `sha-512=:AAAA:, ${digest("[2]")}`;
      expect((await put(id, "[2]", { "Repr-Digest": both })).status).toBe(200);
      expectProblem(await put(id, "[3]", { "Repr-Digest": digest("[2]") }), 400, "digest_mismatch");
      expect((await client.get(`${pipeline(id)}/state`)).text).toBe("[2]");
    });

    it("of another algorithm is passed over", async () => {
      expect((await put(newId(), "[1]", { "Repr-Digest": "md5=:AAAA:" })).status).toBe(201);
    });

    it.each(["sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:!:", '"x"', "sha-256=(:AAAA:)", ","])(
      "%s is malformed",
      async (value) => {
        expectProblem(await put(newId(), "[1]", { "Repr-Digest": value }), 400, "malformed");
      },
    );
  });

  describe("Cairn-Fence and Idempotency-Key", () => {
    it.each(["x", "-1", "1.5", "1, 2", "01", "99999999999999999999"])(
      "Cairn-Fence: %s is malformed",
      async (v) => {
        expectProblem(await put(newId(), "{}", { "Cairn-Fence": v }), 400, "malformed");
      },
    );

    it.each(["x".repeat(256), "a\tb", '"open', '"a";b=1', '""'])(
      "Idempotency-Key: %s is malformed",
      async (v) => {
        expectProblem(await put(newId(), "{}", { "Idempotency-Key": v }), 400, "malformed");
      },
    );

    it("a quoted key is the same key", async () => {
      const id = newId();
      await put(id, "[1]", { "Idempotency-Key": "k 1" });
      const again = await put(id, "[1]", { "Idempotency-Key": '"k 1"' });
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    });
  });

  it("PUT state with a body of another type keeps the bytes and the type", async () => {
    const id = newId();
    const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i % 256);
    const headers = { "Content-Type": 'application/x-model; v="1"' };
    const saved = await client.put(`${pipeline(id)}/state`, bytes, { headers });
    expect(saved.json()).toMatchObject({ bytes: 3000, sha256: sha256(bytes).toString("hex") });
    const loaded = await client.get(`${pipeline(id)}/state`);
    expect(loaded.bytes).toEqual(bytes);
    expect(loaded.headers.get("Content-Type")).toBe('application/x-model; v="1"');
    expectProblem(
      await client.put(`${pipeline(id)}/state`, bytes, {
        headers: { "Content-Type": `a/${"b".repeat(300)}` },
      }),
      400,
      "malformed",
    );
    expect((await client.put(`${pipeline(id)}/state`, bytes, asJson)).status).toBe(400);
  });
}

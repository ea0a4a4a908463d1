import { describe, expect, test } from "vitest";
import { Cairn, CairnHttpError, VALUES_TYPE } from "../../src/client/index.ts";
import { problem, startService } from "./service.ts";

const failing = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

describe("a state", () => {
  test("is saved and loaded as a value, with its version, type and digest", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    expect(await pipeline.load()).toBeNull();
    const plain = { done: ["collect"], loss: 0.31 };
    const first = await pipeline.save(plain, { checkpoint: "always" });
    expect(first).toMatchObject({ pipelineId: "a", version: 1, checkpoint: { version: 1 } });
    expect(await client().pipeline("a").load()).toEqual({
      ...{ value: plain, version: 1, contentType: "application/json" },
      ...{ sha256: first.sha256, savedAt: first.savedAt },
    });
    const rich = { done: new Set(["collect"]), at: new Date(0), size: 10n ** 30n, none: undefined };
    expect((await pipeline.save(rich)).version).toBe(2);
    const loaded = await client().pipeline("a").load<typeof rich>();
    expect(loaded?.value).toStrictEqual(rich);
    expect(loaded?.contentType).toBe(VALUES_TYPE);
  });

  test("of values is a tree to the service as well", async () => {
    const { url, client } = await startService();
    await client()
      .pipeline("a")
      .save({ step: 2, at: new Date(0), seen: new Map([["b", 1n]]) });
    const answer = await fetch(`${url}/v1/pipelines/a/state?select=/step&select=/at/$date`);
    expect(await answer.json()).toEqual({ "/step": 2, "/at/$date": "1970-01-01T00:00:00.000Z" });
  });

  test("is bytes of any type, too", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    const bytes = new Uint8Array(50_000).map((_, i) => i * i);
    await pipeline.saveBytes(bytes, { contentType: "image/png" });
    expect(await pipeline.loadBytes()).toMatchObject({ bytes, contentType: "image/png", version: 1 });
    expect((await pipeline.load())?.value).toEqual(bytes);
    await pipeline.saveBytes(bytes.buffer);
    await pipeline.save(bytes.subarray(7));
    const found = await pipeline.load();
    expect(found).toMatchObject({ contentType: "application/octet-stream", version: 3 });
    expect(found?.value).toEqual(bytes.subarray(7));
    await pipeline.saveBytes(new Uint8Array());
    expect((await pipeline.loadBytes())?.bytes).toHaveLength(0);
  });

  test("too large for one request goes in parts, and is the same state, under a key of the caller's too", async () => {
    const service = await startService();
    service.instead = ({ path, bytes }) =>
      path.includes("/parts/") || bytes < 1_000_000 ? undefined : problem(413, "too_large");
    const pipeline = service.client().pipeline("a");
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    const large = new Uint8Array(9_000_000).map((_, i) => bytes[(i * 7 + (i >> 16)) & 65_535]! ^ (i >> 8));
    const options = { contentType: "image/png", checkpoint: "always", idempotencyKey: "k" } as const;
    const first = await pipeline.saveBytes(large, options);
    expect(first).toMatchObject({ version: 1, bytes: large.length, checkpoint: { version: 1 } });
    expect(service.seen.filter(({ path }) => path.includes("/parts/"))).toHaveLength(3);
    expect(await pipeline.saveBytes(large, options)).toEqual(first);
    const loaded = await service.client().pipeline("a").loadBytes();
    expect(Buffer.compare(loaded!.bytes, large)).toBe(0);
    expect(loaded).toMatchObject({ contentType: "image/png", version: 1 });
    // What changes of it is a delta again.
    large[5_000_000]! ^= 1;
    expect((await pipeline.saveBytes(large, { contentType: "image/png" })).version).toBe(2);
    expect(service.seen.at(-1)!.method).toBe("PATCH");
  });

  test("is saved as it is at the call, and calls keep their order", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    const state = { step: 0, text: "x".repeat(1000) };
    const saves = Array.from({ length: 5 }, (_, i) => {
      state.step = i;
      return pipeline.save(state);
    });
    state.step = 99;
    expect((await Promise.all(saves)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    expect((await pipeline.load())?.value).toMatchObject({ step: 4 });
  });

  test("that shrinks is sent deflated, another as it is", async () => {
    const { client, seen } = await startService();
    const pipeline = client().pipeline("a");
    await pipeline.save("x".repeat(100_000));
    await pipeline.saveBytes(crypto.getRandomValues(new Uint8Array(60_000)));
    await pipeline.save(1);
    expect(seen.map(({ headers, bytes }) => [headers.get("Content-Encoding"), bytes < 1000])).toEqual([
      ["deflate", true],
      [null, false],
      [null, true],
    ]);
  });

  test("is deleted, and begins anew only when that is meant", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    await pipeline.save([1]);
    await pipeline.delete();
    expect(await pipeline.load()).toBeNull();
    expect(await failing(pipeline.save([2]))).toMatchObject({ status: 410, code: "pipeline_deleted" });
    expect((await pipeline.save([2], { ifNoneMatch: "*" })).version).toBe(2);
  });
});

describe("conditions", () => {
  test("decide, and tell the current version", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    await pipeline.save([1], { ifNoneMatch: "*" });
    await pipeline.save([2], { ifMatch: 1 });
    await pipeline.save([3], { ifMatch: "*" });
    for (const options of [{ ifMatch: 2 }, { ifNoneMatch: "*" as const }]) {
      const error = await failing(pipeline.save([4], options));
      expect(error).toBeInstanceOf(CairnHttpError);
      expect(error).toMatchObject({ status: 412, code: "precondition_failed", version: 3 });
    }
    expect((await pipeline.load())?.value).toEqual([3]);
  });

  test("a fence is passed on, and whoever lacks it is told how long to wait", async () => {
    const { url, client } = await startService();
    const lease = { method: "POST", headers: { "Content-Type": "application/json" } };
    const body = JSON.stringify({ owner: "w", ttlSeconds: 60 });
    await client().pipeline("a").save([1]);
    await fetch(`${url}/v1/pipelines/a/lease`, { ...lease, body });
    const pipeline = client().pipeline("a");
    const error = await failing(pipeline.save([2]));
    expect(error).toMatchObject({ status: 409, code: "lease_held", detail: expect.any(String) });
    expect(await failing(pipeline.delete({ fence: 9 }))).toMatchObject({ code: "fence_lost" });
    expect((await pipeline.save([3], { fence: 1 })).version).toBe(2);
    await pipeline.delete({ force: true });
  });

  test("a key of the caller's own saves once", async () => {
    const { client } = await startService();
    const pipeline = client().pipeline("a");
    const text = "x".repeat(1000);
    const first = await pipeline.save({ text, step: 1 }, { idempotencyKey: "one" });
    await pipeline.save({ text, step: 2 });
    expect(await pipeline.save({ text, step: 1 }, { idempotencyKey: "one" })).toEqual(first);
    expect((await pipeline.load())?.version).toBe(2);
  });

  test("a task reaches the policy", async () => {
    const { client, seen } = await startService();
    const task = { name: 'a "b" \\', criticality: 0.98765, seconds: 120, progress: 1e-9, event: "epoch" };
    const saved = await client().pipeline("a").save([1], { checkpoint: "auto", task });
    expect(saved.decision).toMatchObject({ checkpoint: expect.any(Boolean) });
    expect(seen[0]?.headers.get("Cairn-Task")).toBe(
      '"a \\"b\\" \\\\";criticality=0.988;seconds=120;progress=0;event="epoch"',
    );
    await client()
      .pipeline("b")
      .save([1], { checkpoint: "auto", task: { name: '"é" % 🪨\n', event: "a" } });
    const seenTasks = seen.map(({ headers }) => headers.get("Cairn-Task"));
    expect(seenTasks.at(-1)).toBe('%"%22%c3%a9%22 %25 %f0%9f%aa%a8%0a";event="a"');
    for (const bad of [
      { name: "a", seconds: Number.NaN },
      { name: "a", seconds: 1e12 },
    ]) {
      const error = await failing(client().pipeline("a").save([1], { task: bad }));
      expect(error).toMatchObject({ code: "invalid_argument" });
    }
  });
});

describe("what is wrong", () => {
  test.each(["", "..", "a/b", "a..b", "-a", "a b", "é", "a".repeat(129)])("an id: %s", (id) => {
    expect(() => new Cairn({ url: "http://a" }).pipeline(id)).toThrow("An id is");
  });

  test.each(["", "a.example", "ftp://a", "http://u:p@a", "http://a?b", "http://a#b"])("a URL: %s", (url) => {
    expect(() => new Cairn({ url })).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  test("a key, which no error repeats", async () => {
    expect(() => new Cairn({ url: "http://a", apiKey: "secret\n" })).toThrow(/^(?!.*secret)/);
    const { client, seen } = await startService();
    await client({ apiKey: "secret" }).pipeline("a").load();
    expect(seen[0]?.headers.get("Authorization")).toBe("Bearer secret");
  });

  test("a URL may have a path", async () => {
    const { url, client, seen } = await startService();
    await failing(
      client({ url: `${url}/cairn/` })
        .pipeline("a")
        .save(1),
    );
    expect(seen[0]?.path).toBe("/cairn/v1/pipelines/a/state");
  });

  test("an answer of somebody else is an error, never a state that is missing", async () => {
    const service = await startService();
    const pipeline = service.client().pipeline("a");
    const html = (status: number) => new Response("<html>", { status, headers: { ETag: '"1"' } });
    for (const status of [200, 302, 403, 404]) {
      service.instead = () => html(status);
      expect(await failing(pipeline.load())).toMatchObject({ code: "bad_answer" });
      expect(await failing(pipeline.save(1))).toMatchObject({ code: "bad_answer" });
    }
    service.instead = () => Response.json({ version: 1, sha256: "0".repeat(64) });
    expect(await failing(pipeline.save(1))).toMatchObject({ code: "bad_answer" });
  });

  test("bytes that are not those of the digest", async () => {
    const service = await startService();
    await service.client().pipeline("a").save([1, 2, 3]);
    const whole = await fetch(`${service.url}/v1/pipelines/a/state`);
    service.instead = () => new Response("[1,2,4]", { headers: { ...digestAndTag(whole.headers) } });
    expect(await failing(service.client().pipeline("a").load())).toMatchObject({ code: "bad_answer" });
  });

  test("a refusal has the members of the problem", async () => {
    const service = await startService();
    const errors = [{ pointer: "/a", message: "no" }];
    service.instead = () => Response.json({ code: "too_deep", detail: "Too deep.", errors }, { status: 422 });
    expect(await failing(service.client().pipeline("a").save(1))).toMatchObject({
      ...{
        status: 422,
        code: "too_deep",
        detail: "Too deep.",
        errors,
        version: null,
        retryAfterSeconds: null,
      },
      message: "422 too_deep: Too deep.",
    });
    expect(service.seen).toHaveLength(1);
    service.instead = () => problem(507, "insufficient_storage", { "Retry-After": "4" });
    expect(await failing(service.client().pipeline("a").save(1))).toMatchObject({ retryAfterSeconds: 4 });
  });
});

function digestAndTag(headers: Headers): Record<string, string> {
  return { ETag: headers.get("ETag")!, "Repr-Digest": headers.get("Repr-Digest")! };
}

import { describe, expect, test } from "vitest";
import { decodeValue, VALUES_TYPE } from "../../src/client/index.ts";
import { problem, type Seen, startService } from "./service.ts";

/** About 100 KB that differ in a few bytes from step to step. */
const stateAt = (step: number) => ({
  rows: Array.from({ length: 1000 }, (_, i) => ({
    id: i,
    name: `row ${(i * 7919) % 1009}`,
    at: new Date(i * 1e9),
  })),
  step,
});
const methods = (seen: readonly Seen[]) => seen.map(({ method }) => method).join(" ");

async function started() {
  const service = await startService();
  const pipeline = service.client().pipeline("a");
  const other = service.client().pipeline("a");
  const step = async () => (await other.load<{ step: number }>())?.value.step;
  await pipeline.save(stateAt(1));
  return { service, pipeline, other, step, seen: service.seen };
}

describe("a save after a save", () => {
  test("sends what changed, under the version that it changes", async () => {
    const { pipeline, seen, step } = await started();
    const saved = await pipeline.save(stateAt(2), { checkpoint: "always", task: { name: "a" } });
    expect(saved).toMatchObject({ version: 2, checkpoint: { version: 2 } });
    expect(seen[1]).toMatchObject({ method: "PATCH", path: "/v1/pipelines/a/state?checkpoint=always" });
    const headers = Object.fromEntries(seen[1]!.headers);
    expect(headers).toMatchObject({
      "content-type": "application/vnd.cairn.delta",
      "content-encoding": "deflate",
      "if-match": '"1"',
      "repr-digest": expect.stringMatching(/^sha-256=:[A-Za-z0-9+/]{43}=:$/),
      "idempotency-key": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "cairn-task": '"a"',
    });
    expect(seen[1]!.bytes).toBeLessThan(100);
    expect(await step()).toBe(2);
  });

  test("of the same state is hardly more than its headers", async () => {
    const { pipeline, seen } = await started();
    expect((await pipeline.save(stateAt(1))).version).toBe(2);
    expect(seen[1]!.bytes).toBeLessThan(60);
  });

  test("stays within twice the change and 600 bytes on the wire, headers included", async () => {
    const { pipeline, seen } = await started();
    for (let i = 2; i < 6; i++) await pipeline.save(stateAt(i));
    for (const { method, path, headers, bytes } of seen.slice(1)) {
      const lines = [...headers].map(([name, text]) => name.length + text.length + 4);
      const total = lines.reduce((sum, length) => sum + length, method.length + path.length + 13 + bytes);
      expect(total).toBeLessThan(2 * bytes + 600);
    }
  });

  test("is whole when the change is as long as the state, when it is another type, or small", async () => {
    const { pipeline, seen } = await started();
    await pipeline.save(crypto.getRandomValues(new Uint8Array(2000)).join());
    await pipeline.saveBytes(crypto.getRandomValues(new Uint8Array(2000)));
    await pipeline.saveBytes(crypto.getRandomValues(new Uint8Array(2000)));
    await pipeline.saveBytes(new Uint8Array(3));
    expect(methods(seen)).toBe("PUT PUT PUT PUT PUT");
  });

  test("of bytes that the caller has written into since is still right", async () => {
    const { pipeline, other, seen } = await started();
    const bytes = crypto.getRandomValues(new Uint8Array(10_000));
    await pipeline.saveBytes(bytes);
    bytes[5] = 1;
    await pipeline.saveBytes(bytes);
    const loaded = (await pipeline.loadBytes())!.bytes;
    expect(loaded).toEqual(bytes);
    loaded.fill(7, 100, 110);
    await pipeline.saveBytes(loaded);
    expect(methods(seen)).toBe("PUT PUT PATCH GET PATCH");
    expect((await other.loadBytes())?.bytes).toEqual(loaded);
  });

  test("after many others is still right, and what was saved on the way too", async () => {
    const { service, pipeline, other, step, seen } = await started();
    for (let i = 2; i <= 30; i++) {
      await pipeline.save(stateAt(i), { checkpoint: i % 10 ? "never" : "always" });
      if (i % 7 === 0) expect((await other.load())?.value).toStrictEqual(stateAt(i));
    }
    expect(methods(seen.filter(({ method }) => method === "PUT"))).toBe("PUT");
    expect(await step()).toBe(30);
    const list = await fetch(`${service.url}/v1/pipelines/a/checkpoints`);
    const { data } = (await list.json()) as { data: { checkpointId: string; version: number }[] };
    expect(data.map(({ version }) => version)).toEqual([30, 20, 10]);
    for (const { checkpointId, version } of data) {
      const state = await fetch(`${service.url}/v1/pipelines/a/checkpoints/${checkpointId}/state`);
      const bytes = new Uint8Array(await state.arrayBuffer());
      expect(decodeValue({ bytes, contentType: VALUES_TYPE })).toStrictEqual(stateAt(version));
    }
  });

  test("starts from what was loaded", async () => {
    const { other, seen } = await started();
    await other.load();
    await other.save(stateAt(2), { ifMatch: 1 });
    expect(methods(seen)).toBe("PUT GET PATCH");
  });

  test("is whole when the contents have outgrown the memory", async () => {
    const { client, seen } = await startService();
    const pipelines = client({ memoryBytes: 100_000 });
    for (const id of ["a", "b", "a", "b", "b"]) await pipelines.pipeline(id).save(stateAt(1));
    expect(methods(seen)).toBe("PUT PUT PUT PUT PATCH");
    await client({ memoryBytes: 0 }).pipeline("c").save(stateAt(1));
    expect((await pipelines.pipeline("a").load())?.value).toStrictEqual(stateAt(1));
  });

  test("of a deleted pipeline is whole", async () => {
    const { pipeline, seen } = await started();
    await pipeline.delete();
    await pipeline.save(stateAt(2), { ifNoneMatch: "*" });
    await pipeline.save(stateAt(3));
    expect(methods(seen)).toBe("PUT DELETE PUT PATCH");
  });
});

describe("when another has saved in between", () => {
  test("a plain save wins, whole", async () => {
    const { pipeline, other, step, seen } = await started();
    await other.save(stateAt(7));
    expect(await pipeline.save(stateAt(2))).toMatchObject({ version: 3 });
    expect(methods(seen)).toBe("PUT PUT PATCH PUT");
    const keys = seen.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(new Set(keys).size).toBe(4);
    expect(seen[3]!.headers.get("If-Match")).toBeNull();
    expect(await step()).toBe(2);
    await other.save(stateAt(8), { ifMatch: "*" });
    await pipeline.save(stateAt(9), { ifMatch: "*" });
    expect(seen.at(-1)).toMatchObject({ method: "PUT" });
    expect(seen.at(-1)!.headers.get("If-Match")).toBe("*");
    expect(await step()).toBe(9);
  });

  test("a save over a version is refused", async () => {
    const { pipeline, other, step, seen } = await started();
    await other.save(stateAt(7));
    await expect(pipeline.save(stateAt(2), { ifMatch: 1 })).rejects.toMatchObject({
      status: 412,
      version: 2,
    });
    expect(methods(seen)).toBe("PUT PUT PATCH");
    expect(await pipeline.save(stateAt(3), { ifMatch: 2 })).toMatchObject({ version: 3 });
    expect(methods(seen)).toBe("PUT PUT PATCH PUT");
    expect(await step()).toBe(3);
  });

  test("two clients that save by turns lose nothing", async () => {
    const { pipeline, other, step } = await started();
    await other.load();
    const saves = Array.from({ length: 10 }, (_, i) => (i % 2 ? pipeline : other).save(stateAt(i)));
    const versions = (await Promise.all(saves)).map(({ version }) => version);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i + 2));
    expect([8, 9]).toContain(await step());
  });
});

describe("a service that does not take a delta", () => {
  const refuse = (status: number, code: string) => (seen: Seen) =>
    seen.method === "PATCH" ? problem(status, code) : undefined;

  test.each([
    [415, "unsupported_media_type"],
    [400, "malformed"],
    [405, "method_not_allowed"],
  ])("%i: gets the whole, and no delta again", async (status, code) => {
    const { service, pipeline, step, seen } = await started();
    service.instead = refuse(status, code);
    await pipeline.save(stateAt(2), { ifMatch: 1 });
    await pipeline.save(stateAt(3));
    expect(methods(seen)).toBe("PUT PATCH PUT PUT");
    expect(seen[2]!.headers.get("If-Match")).toBe('"1"');
    expect(await step()).toBe(3);
  });

  test.each([
    [409, "unrecoverable"],
    [404, "not_found"],
    [422, "patch_failed"],
  ])("%i %s: gets the whole this time", async (status, code) => {
    const { service, pipeline, seen } = await started();
    service.instead = refuse(status, code);
    await pipeline.save(stateAt(2));
    service.instead = null;
    await pipeline.save(stateAt(3));
    expect(methods(seen)).toBe("PUT PATCH PUT PATCH");
  });

  test.each([
    [409, "fence_lost"],
    [410, "pipeline_deleted"],
    [403, "forbidden"],
  ])("%i %s: would not take the whole either", async (status, code) => {
    const { service, pipeline, seen } = await started();
    service.instead = refuse(status, code);
    await expect(pipeline.save(stateAt(2))).rejects.toMatchObject({ status, code });
    expect(methods(seen)).toBe("PUT PATCH");
  });

  test("413 too_large: goes in parts", async () => {
    const { service, pipeline, seen } = await started();
    service.instead = refuse(413, "too_large");
    await pipeline.save(stateAt(2));
    expect(methods(seen)).toBe("PUT PATCH POST PUT PUT");
  });
});

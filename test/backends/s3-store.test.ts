import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { s3Store } from "../../src/backends/object/s3.ts";
import { S3Refusal } from "../../src/backends/object/s3-client.ts";
import { type ObjectStore, Throttled } from "../../src/backends/object/store.ts";
import { type Fault, type S3Server, type S3ServerOptions, startS3 } from "../support/s3-server/server.ts";

let s3: S3Server;
const bytes = new TextEncoder().encode("content");
const settled = (run: Promise<unknown>) =>
  run.then(
    (value) => value,
    (error: unknown) => error,
  );

describe.each(["sdk", "fetch"] as const)("an S3 store, by the %s client", (client) => {
  let store: ObjectStore;
  const open = (options: Partial<Parameters<typeof s3Store>[0]> = {}) =>
    s3Store({ ...s3, endpoint: s3.url, client, ...options });

  async function start(options: S3ServerOptions = {}): Promise<void> {
    await s3?.stop();
    s3 = await startS3(options);
    store = open();
  }
  beforeEach(() => start());
  afterEach(() => s3.stop());

  it("puts under conditions: null where they do not hold, and nothing is written", async () => {
    const { etag } = (await store.put("a/b", bytes, "absent"))!;
    expect(await store.put("a/b", new Uint8Array(), "absent")).toBeNull();
    expect(await store.put("a/b", new Uint8Array(), { ifMatch: '"other"' })).toBeNull();
    expect(await store.put("a/none", bytes, { ifMatch: etag })).toBeNull();
    expect(await store.get("a/b")).toEqual({ bytes, etag });
    const next = (await store.put("a/b", new Uint8Array([1]), { ifMatch: etag }))!;
    expect(await store.get("a/b")).toEqual({ bytes: new Uint8Array([1]), etag: next.etag });
    expect(await store.get("a/none")).toBeNull();
  });

  it("tells the time of the store, to the half second", async () => {
    for (const ahead of [0, 90_000, -90_000]) {
      s3.clock.ahead = ahead;
      const { at } = (await store.put("a", bytes))!;
      expect(Math.abs(at! - Date.now() - ahead)).toBeLessThanOrEqual(700);
    }
  });

  it("lists what begins so, in order, as many as asked for, over any number of pages", async () => {
    await start({ pageSize: 3 });
    const keys = ["l/P", "l/a", "l/a-b", "l/a.b", "l/a0", "l/aa", "l/z"];
    for (const key of [...keys, "k", "l", "m/a"]) await store.put(key, bytes);
    expect(await store.list("l/", { limit: 100 })).toMatchObject({ keys, more: false });
    expect(await store.list("l/", { limit: 7 })).toMatchObject({ keys, more: false });
    expect(await store.list("l/", { limit: 5 })).toMatchObject({ keys: keys.slice(0, 5), more: true });
    expect(await store.list("l/", { limit: 2, after: "l/a.b" })).toMatchObject({
      keys: keys.slice(4, 6),
      more: true,
    });
    expect(await store.list("none/", { limit: 2 })).toEqual({ keys: [], times: [], more: false });
  });

  it("says of each when it was put, to the second, over any number of pages", async () => {
    await start({ pageSize: 2 });
    const before = Date.now();
    for (const key of ["a", "b", "c", "d", "e"]) await store.put(key, bytes);
    s3.objects.get("d")!.at -= 90_000;
    const { keys, times } = await store.list("", { limit: 9 });
    expect(keys.length).toBe(times.length);
    const old = times.map((time) => Math.abs(before - time) > 60_000);
    expect(old).toEqual([false, false, false, true, false]);
  });

  it("deletes many at once, and what is not there", async () => {
    const keys = Array.from({ length: 1001 }, (_, i) => `d/${i}`);
    await store.put("d/0", bytes);
    await store.put("kept", bytes);
    await store.delete(keys);
    await store.delete([]);
    expect([...s3.objects.keys()]).toEqual(["kept"]);
    expect(s3.requests.filter(({ method }) => method === "POST").length).toBe(2);
  });

  it("keeps everything below its prefix, and never names it", async () => {
    store = open({ prefix: "some/where" });
    const { etag } = (await store.put("a", bytes))!;
    await store.put("b", bytes);
    expect([...s3.objects.keys()]).toEqual(["some/where/a", "some/where/b"]);
    expect(await store.list("", { limit: 9, after: "a" })).toMatchObject({ keys: ["b"], more: false });
    expect((await store.get("a"))!.etag).toBe(etag);
    await store.delete(["a"]);
    expect(s3.objects.size).toBe(1);
  });

  it.each(["../b", "a/../b", "a/./b", "a//b", "/a", "a/", "a b", "a%2e", "ü", ""])(
    "does not send %j, which might become another key",
    async (key) => {
      expect(await settled(store.get(key))).toBeInstanceOf(Error);
      expect(await settled(store.put(key, bytes))).toBeInstanceOf(Error);
      expect(await settled(store.delete([key]))).toBeInstanceOf(Error);
      expect(() => open({ prefix: `${key || "/"}/x` })).toThrow(/prefix/);
      expect(s3.requests).toEqual([]);
    },
  );

  it("works with a store that wants ETags without quotes", async () => {
    await start({ radosgw: true });
    store = open({ unquotedEtags: true });
    const { etag } = (await store.put("a", bytes, "absent"))!;
    expect(await store.put("a", bytes, { ifMatch: etag })).not.toBeNull();
    expect(await store.put("none", bytes, { ifMatch: etag })).toBeNull();
    expect(await store.check()).toEqual([]);
  });

  const nothingDone: Fault[] = ["conflict", "slowDown"];
  it.each(nothingDone)("a put that was answered with %s was not done: Throttled", async (how) => {
    s3.fail({ how, method: "PUT" });
    expect(await settled(store.put("a", bytes, "absent"))).toBeInstanceOf(Throttled);
    expect(await store.put("a", bytes, "absent")).not.toBeNull();
  });

  const unknown: [Fault, boolean][] = [
    ["error", false],
    ["drop", false],
    ["errorAfter", true],
    ["dropAfter", true],
  ];
  it.each(unknown)("a put that ended with %s is sent once, and may have landed", async (how, landed) => {
    await store.put("a", bytes);
    for (const condition of ["absent" as const, undefined]) {
      s3.requests.length = 0;
      s3.objects.delete("a");
      s3.fail({ how, method: "PUT" });
      const error = await settled(store.put("a", bytes, condition));
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(Throttled);
      expect(s3.requests.length).toBe(1);
      expect(s3.objects.has("a")).toBe(landed);
    }
  });

  it("gives a put up after its time: it may have landed", async () => {
    store = open({ timeoutSeconds: 0.3 });
    s3.fail({ how: "stallAfter", method: "PUT" });
    const error = await settled(store.put("a", bytes));
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(S3Refusal);
    expect(s3.objects.has("a")).toBe(true);
  });

  it.each(["error", "drop", "cut", "slowDown"] as const)(
    "a read that ended with %s is sent again",
    async (how) => {
      await store.put("a", bytes);
      s3.requests.length = 0;
      s3.fail({ how, method: "GET", times: 2 });
      expect((await store.get("a"))!.bytes).toEqual(bytes);
      expect(s3.requests.length).toBe(3);
      s3.fail({ how, method: "GET", times: 2 });
      expect((await store.list("", { limit: 9 })).keys).toEqual(["a"]);
      s3.fail({ how, method: "GET", times: 3 });
      expect(await settled(store.get("a"))).toBeInstanceOf(Error);
    },
  );

  it("a bucket that is not there is not the same as an object that is not there", async () => {
    store = open({ bucket: "another" });
    for (const run of [() => store.get("a"), () => store.put("a", bytes, { ifMatch: '"x"' })])
      expect(await settled(run())).toMatchObject({ status: 404, code: "NoSuchBucket" });
  });

  it("what was refused for good is not sent again, and carries no secret", async () => {
    store = open({ credentials: { ...s3.credentials, secretAccessKey: "wrong" } });
    const error = (await settled(store.get("a"))) as S3Refusal;
    expect(error).toBeInstanceOf(S3Refusal);
    expect(error.message).toBe("S3 answered 403 SignatureDoesNotMatch");
    expect(s3.requests.length).toBe(1);
  });

  it("is safe to use where conditions are honoured, and says so once for all", async () => {
    expect([await store.check(), await store.check()]).toEqual([[], []]);
    const puts = s3.requests.filter(({ method }) => method === "PUT");
    expect(puts.map(({ status }) => status)).toEqual([200, 412, 412]);
    expect(await open().check()).toEqual([]);
  });

  it("says what is wrong with the credentials or the place, and not what they are", async () => {
    const { credentials } = s3;
    const wrong: [Partial<Parameters<typeof open>[0]>, RegExp][] = [
      [{ credentials: { ...credentials, accessKeyId: "OTHER" } }, /does not know this access key/],
      [{ credentials: { ...credentials, secretAccessKey: "very secret" } }, /secret access key is wrong/],
      [{ region: "elsewhere" }, /another region/],
    ];
    for (const [options, problem] of wrong) {
      const problems = await open(options).check();
      expect(problems).toEqual([expect.stringMatching(problem)]);
      expect(problems.join()).not.toMatch(/TESTKEY|OTHER|very secret|127\.0\.0\.1/);
    }
  });

  it("is not ready where a condition is ignored, or nobody answers", async () => {
    await start({ ignores: ["if-none-match"] });
    expect(await store.check()).toEqual([expect.stringContaining("This store ignores If-None-Match: ")]);
    await start({ ignores: ["if-match"] });
    expect(await store.check()).toEqual([expect.stringContaining("This store ignores If-Match: ")]);
    await start();
    expect(await open({ bucket: "another" }).check()).toEqual(["There is no such bucket."]);
    s3.fail({ how: "drop", times: 9 });
    await expect(store.check()).rejects.toThrow();
    await start({ minWriteSeconds: 0.5 });
    expect(await store.check()).toEqual([]);
  });
});

describe("an S3 store by fetch", () => {
  it("needs credentials", () => {
    expect(() => s3Store({ bucket: "b", region: "r", client: "fetch" })).toThrow(/access key/);
  });

  it("takes one write a second to a key on R2", () => {
    const at = { bucket: "b", region: "auto", client: "fetch" as const };
    const credentials = { accessKeyId: "a", secretAccessKey: "s" };
    const r2 = { ...at, credentials, endpoint: "https://x.r2.cloudflarestorage.com" };
    expect(s3Store(r2).minWriteSeconds).toBe(1);
    expect(s3Store({ ...r2, minWriteSeconds: 0 }).minWriteSeconds).toBe(0);
    expect(s3Store({ ...at, credentials }).minWriteSeconds).toBe(0);
  });
});

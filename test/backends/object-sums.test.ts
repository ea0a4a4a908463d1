import { describe, expect, it } from "vitest";
import { CONTRACT, runCheck } from "../../src/backends/contract.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import { type MemoryStoreOptions, memoryStore } from "../support/memory-store.ts";

const KEY = { tenant: "t", scope: "profile/nightly-etl" };
const SHARDS = "sums/t/profile/nightly-etl/";

function open(options?: MemoryStoreOptions) {
  const store = memoryStore(options);
  return { store, backend: objectBackend({ store }) };
}

/** Fails the first put, before it is done or after. */
function failing(when: "before" | "after"): NonNullable<MemoryStoreOptions["fault"]> {
  let failed = false;
  return (call, _key, now) => {
    if (failed || call !== "put" || now !== when) return;
    failed = true;
    throw new Error("as planned");
  };
}

describe("object: sums", () => {
  it("are added to by a get and a put, to a few objects of their own however often", async () => {
    const { store, backend } = open();
    await backend.add(KEY, { n: 1 });
    expect(store.calls.map((call) => call.replace(/\d$/, ""))).toEqual([`get ${SHARDS}`, `put ${SHARDS}`]);
    for (let i = 0; i < 100; i++) await backend.add(KEY, { n: 1 });
    expect([...store.objects.keys()].sort()).toEqual([0, 1, 2, 3].map((shard) => SHARDS + shard));
    expect(await backend.sums(KEY)).toEqual({ n: 101 });
  });

  it("are all added where a key takes one write in a while", async () => {
    const { store, backend } = open({ minWriteSeconds: 0.3 });
    await Promise.all(Array.from({ length: 16 }, () => backend.add(KEY, { n: 1 })));
    expect(await backend.sums(KEY)).toEqual({ n: 16 });
    const other = objectBackend({ store });
    await Promise.all([backend.clearSums(KEY), other.clearSums(KEY)]);
    expect(await other.sums(KEY)).toEqual({});
  });

  it("are added once when the answer of a put is lost", async () => {
    const { store, backend } = open({ fault: failing("after") });
    await backend.add(KEY, { n: 1 });
    expect(await backend.sums(KEY)).toEqual({ n: 1 });
    expect(store.calls.filter((call) => call.startsWith("put")).length).toBe(1);
  });

  it("may or may not be added when a put fails: it is not sent again", async () => {
    const { store, backend } = open({ fault: failing("before") });
    await expect(backend.add(KEY, { n: 1 })).rejects.toMatchObject({ code: "backend_unavailable" });
    expect(await backend.sums(KEY)).toEqual({});
    expect(store.calls.filter((call) => call.startsWith("put")).length).toBe(1);
  });

  it("of a later format, or of another key, are neither read nor added to", async () => {
    const { store, backend } = open();
    const other = { ...KEY, scope: "other" };
    for (let i = 0; i < 100; i++) await backend.add(KEY, { n: 1 });
    for (const [key, { bytes, etag }] of [...store.objects]) {
      store.objects.set(key, { etag, bytes: bytes.with("cairn ".length, "2".charCodeAt(0)) });
      store.objects.set(key.replace(KEY.scope, other.scope), { etag, bytes });
    }
    const before = new Map(store.objects);
    for (const call of [backend.add(KEY, { n: 1 }), backend.sums(KEY), backend.clearSums(KEY)])
      await expect(call).rejects.toMatchObject({ code: "unsupported_format" });
    for (const call of [backend.add(other, { n: 1 }), backend.sums(other), backend.clearSums(other)])
      await expect(call).rejects.toMatchObject({ code: "unrecoverable" });
    expect(store.objects).toEqual(before);
  });
});

it("control: without the condition of its puts the contract finds that additions are lost", async () => {
  const store = memoryStore();
  const careless: ObjectStore = {
    ...store,
    put: (key, bytes, condition) =>
      key.startsWith("sums/") ? store.put(key, bytes) : store.put(key, bytes, condition),
  };
  const check = CONTRACT.sums!.find(({ name }) => name.endsWith("writers at once lose no count"))!;
  const run = runCheck(check, async () => ({ backend: objectBackend({ store: careless }) }), expect);
  await expect(run).rejects.toMatchObject({ name: "AssertionError" });
});

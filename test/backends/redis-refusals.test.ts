import { describe, expect, test, vi } from "vitest";
import { change, extending, saving, snapshot } from "../../src/backends/contract/support.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import { openClient } from "../../src/cli/local/redis.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { chainOf } from "../../src/model/chain.ts";
import { failure, KINDS, newKey, open, rig, useRig, versionOf } from "./redis-rig.ts";

useRig();

describe.each(KINDS)("over %s", (kind) => {
  test("a full store refuses before anything is written, and takes writes again", async () => {
    const [backend, key] = [open(kind), newKey()];
    await backend.commit([await saving(key, 0, "v1")]);
    const before = await rig.client.dbSize();
    await rig.client.configSet("maxmemory", "1");
    try {
      const save = async () =>
        backend.commit([await saving(key, 1, "v2", { effects: { events: [{ type: "leased" }] } })]);
      expect(await failure(save())).toBe("insufficient_storage");
      expect((await backend.load(key, { frames: true }))!.head.revision).toBe(1);
      expect(await rig.client.dbSize()).toBe(before);
    } finally {
      await rig.client.configSet("maxmemory", "0");
    }
    const [after] = await backend.commit([await saving(key, 1, "v2")]);
    expect(after!.ok).toBe(true);
  });

  test("a full store refuses a delta, and one with frames that were staged, before anything is written", async () => {
    const [backend, key] = [open(kind), newKey()];
    await backend.commit([await saving(key, 0, "v1")]);
    const { head } = (await backend.load(key))!;
    const delta = await extending(key, head, "v1", "v1 v2");
    const link = { frameId: `${chainOf(head.state!.frame)}.p1-2-x`, storedBytes: 2 };
    await backend.stage(key, [{ frameId: link.frameId, bytes: new Uint8Array(2) }]);
    const staged = { ...delta, effects: { state: { ...delta.effects.state!, staged: [link] } } };
    const before = await rig.client.keys("*");
    await rig.client.configSet("maxmemory", "1");
    try {
      for (const commit of [delta, staged])
        expect(await failure(backend.commit([commit]))).toBe("insufficient_storage");
      expect(await failure(backend.stage(key, [{ frameId: "x.p2", bytes: new Uint8Array(9) }]))).toBe(
        "insufficient_storage",
      );
      expect((await rig.client.keys("*")).sort()).toEqual(before.sort());
    } finally {
      await rig.client.configSet("maxmemory", "0");
    }
    expect((await backend.commit([staged]))[0]!.ok).toBe(true);
  });

  test("a full store lets go: of leases, of checkpoints, of pipelines", async () => {
    const [backend, key] = [open(kind), newKey()];
    const checkpoint = snapshot();
    const lease = { take: { owner: "o", ttlSeconds: 60 } };
    await backend.commit([await saving(key, 0, "v1", { effects: { checkpoint, lease } })]);
    await rig.client.configSet("maxmemory", "1");
    try {
      const release = change(key, { lease: { release: true } }, { expect: { fence: 1 } });
      const drop = change(key, { checkpoints: new Map([[checkpoint.checkpointId, "drop" as const]]) });
      for (const commit of [release, drop]) expect((await backend.commit([commit]))[0]!.ok).toBe(true);
      const { head } = (await backend.load(key))!;
      expect([head.lease, head.checkpointCount, head.revision]).toEqual([null, 0, 3]);
      // Not with what takes memory besides.
      const both = change(
        key,
        { checkpoint: snapshot(), lease: { release: true } },
        { expect: { fence: 1 } },
      );
      expect(await failure(backend.commit([both]))).toBe("insufficient_storage");
      expect((await backend.commit([change(key, { remove: true })]))[0]!.ok).toBe(true);
      const { head: headKey, writes } = redisKeys("cairn:").of(key);
      const left = await rig.client.keys(`${headKey.slice(0, -"head".length)}*`);
      expect(left.sort()).toEqual([headKey, writes]);
    } finally {
      await rig.client.configSet("maxmemory", "0");
    }
    expect((await backend.load(key))!.head.deleted).toBe(true);
  });

  test("a full store tells what is due, so that what is to go can go", async () => {
    const [backend, key] = [open(kind, { prefix: `full-${kind}:` }), newKey()];
    const settings = { retention: { deleteAfterSeconds: 0 } };
    await backend.commit([await saving(key, 0, "v1", { effects: { settings, status: "completed" } })]);
    await rig.client.configSet("maxmemory", "1");
    try {
      expect((await backend.due(10)).map((each) => each.key)).toEqual([key]);
      expect(await backend.due(10)).toEqual([]);
      expect((await backend.commit([change(key, { remove: true })]))[0]!.ok).toBe(true);
    } finally {
      await rig.client.configSet("maxmemory", "0");
    }
  });

  test("what is remembered for replays and cannot be read is left out, and reported", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const prefix = `garbage-${kind}:`;
    const [backend, key] = [open(kind, { prefix }), newKey()];
    const first = await saving(key, 0, "v1");
    await backend.commit([first]);
    const { writes } = redisKeys(prefix).of(key);
    const [record] = await rig.client.lRange(writes, 0, -1);
    const garbage = ["garbage", "", "\n\n", `${record!.slice(10, 50)}\n`, `${"x\n".repeat(14)}x`];
    await rig.client.rPush(writes, garbage);
    await backend.commit([await saving(key, 1, "v2")]);
    const { head, frames } = (await backend.load(key, { frames: true }))!;
    expect(head.version).toBe(2);
    expect(frames.map((frame) => frame !== null)).toEqual([true]);
    expect(head.writes.map((write) => write.result.version)).toEqual([1, 2]);
    expect((await backend.pipelines(key.tenant, {}, { limit: 10 })).data).toEqual([head]);
    const [replay] = await backend.commit([first]);
    expect(replay).toMatchObject({ ok: true, replayed: true });
    expect(JSON.parse(String(log.mock.calls[0]))).toMatchObject({ event: "unreadable_record", ...key });
    log.mockRestore();
  });

  test("a replica refuses, and nothing was done", async () => {
    const [backend, key] = [open(kind), newKey()];
    await rig.client.sendCommand(["REPLICAOF", "127.0.0.1", String(await freePort())]);
    try {
      const code = await failure(backend.commit([await saving(key, 0, "v1")]));
      expect(code).toBe("backend_unavailable");
      expect((await backend.health()).problems).toContain("This Redis is a replica, not the primary.");
    } finally {
      await rig.client.sendCommand(["REPLICAOF", "NO", "ONE"]);
    }
    expect(await versionOf(key)).toBe(undefined);
  });

  test("a server busy with another's script refuses, and nothing was done", async () => {
    const [backend, key] = [open(kind), newKey()];
    await backend.load(key);
    const other = await openClient(rig.redis.url);
    const busy = other.sendCommand(["EVAL", "while true do end", "0"]).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await failure(backend.commit([await saving(key, 0, "v1")]))).toBe("backend_unavailable");
    await rig.client.sendCommand(["SCRIPT", "KILL"]);
    await busy;
    other.destroy();
    expect(await versionOf(key)).toBe(undefined);
  });

  test("a key of the wrong kind fails the script before it has written anything", async () => {
    for (const name of ["writes", "checkpoints", "order", "named", "events", "index", "due"] as const) {
      const prefix = `wrong-${kind}-${name}:`;
      const [backend, key, keys] = [open(kind, { prefix }), newKey(), redisKeys(prefix)];
      await backend.commit([await saving(key, 0, "v1")]);
      const all = { ...keys.of(key), index: keys.index(key.tenant), due: keys.due };
      await rig.client.del(all[name]);
      await rig.client.set(all[name], "not of its kind");
      const before = await rig.client.sendCommand(["HGETALL", all.head]);
      const found = await rig.client.keys(`${prefix}*`);
      const checkpoint = { checkpointId: crypto.randomUUID(), label: null, metadata: null, reason: null };
      const effects = { checkpoint, events: [{ type: "leased" as const }] };
      const commits = [await saving(key, 1, "v2", { effects }), change(key, { remove: true })];
      for (const commit of commits)
        expect(await failure(backend.commit([commit])), name).toBe("backend_unavailable");
      expect(await rig.client.sendCommand(["HGETALL", all.head])).toEqual(before);
      expect((await rig.client.keys(`${prefix}*`)).sort()).toEqual(found.sort());
    }
  });

  test("a list of a chain that is none fails a delta, and what releases the chain, before anything is written", async () => {
    const prefix = `chain-${kind}:`;
    const [backend, key, names] = [open(kind, { prefix }), newKey(), redisKeys(prefix)];
    await backend.commit([await saving(key, 0, "v1")]);
    const { head } = (await backend.load(key))!;
    await backend.commit([await saving(key, 1, "v2")]);
    const now = (await backend.load(key))!.head;
    for (const each of [head, now])
      await rig.client.set(names.of(key).chain + chainOf(each.state!.frame), "not a list");
    const before = await rig.client.sendCommand(["HGETALL", names.of(key).head]);
    const found = await rig.client.keys(`${prefix}*`);
    const commits = [
      await extending(key, now, "v2", "v2 v3"),
      await saving(key, 2, "v3"),
      change(key, { remove: true }),
    ];
    for (const commit of commits) expect(await failure(backend.commit([commit]))).toBe("backend_unavailable");
    expect(await rig.client.sendCommand(["HGETALL", names.of(key).head])).toEqual(before);
    expect((await rig.client.keys(`${prefix}*`)).sort()).toEqual(found.sort());
  });

  test("a record of a later release is 503, and is left alone", async () => {
    const [backend, key] = [open(kind), newKey()];
    await backend.commit([await saving(key, 0, "v1")]);
    const { head } = redisKeys("cairn:").of(key);
    await rig.client.hSet(head, "format", "2");
    const before = await rig.client.hGetAll(head);
    expect(await failure(backend.load(key))).toBe("unsupported_format");
    expect(await failure(backend.commit([await saving(key, 1, "v2")]))).toBe("unsupported_format");
    expect(await rig.client.hGetAll(head)).toEqual(before);
    await rig.client.hSet(head, "format", "1");
    await rig.client.hDel(head, "status");
    expect(await failure(backend.load(key))).toBe("unrecoverable");
    await rig.client.hSet(head, { status: "running", state: "1" });
    expect(await failure(backend.load(key, { frames: true }))).toBe("unrecoverable");
    await rig.client.hSet(head, "format", "2");
    expect(await failure(backend.load(key, { frames: true }))).toBe("unsupported_format");
  });

  test("a record that cannot be read does not keep the sweep from the others", async () => {
    const prefix = `sweep-${kind}:`;
    let ahead = 0;
    const backend = open(kind, { prefix, ahead: () => ahead });
    const keys = [newKey(), newKey(), newKey(), newKey()];
    const lease = { take: { owner: "o", ttlSeconds: 1 } };
    for (const key of keys) await backend.commit([await saving(key, 0, "v1", { effects: { lease } })]);
    const heads = keys.map((key) => redisKeys(prefix).of(key).head);
    await rig.client.hSet(heads[0]!, "format", "2");
    await rig.client.hSet(heads[1]!, "labels", "{");
    await rig.client.del(heads[2]!);
    await rig.client.set(heads[2]!, "not of its kind");
    ahead = 5000;
    for (let sweep = 0; sweep < 3; sweep++) {
      const due = await backend.due(10);
      expect(due.map((each) => each.key)).toEqual([keys[3]]);
      expect(await backend.due(10)).toEqual([]);
      ahead += 61_000;
    }
  });
});

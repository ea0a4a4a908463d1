import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { change, extending, noise, saving, snapshot, together } from "../../src/backends/contract/support.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { Commit, CommitOutcome, StagedFrame, StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { inParts } from "./postgres-parts.ts";
import { migrateForTests, postgresSubject } from "./postgres-subject.ts";

let server: PostgresServer;
let runner: Runner;
let backend: StorageBackend;
let pipelines = 0;

const newKey = (): PipelineKey => ({ tenant: "t", pipelineId: `p${++pipelines}` });
const open = () => postgresRunner({ transport: "tcp", url: server.url });
const HOUR = 3600;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  runner = open();
  await migrateForTests(runner);
  backend = postgresOver(runner);
}, 60_000);

afterAll(async () => {
  await backend?.close();
  await server?.stop();
});

async function commit(one: Commit): Promise<CommitOutcome> {
  return (await backend.commit([one]))[0]!;
}

async function count(table: string, where = "true"): Promise<number> {
  const [row] = await runner.query(`SELECT count(*)::text FROM cairn.${table} AS r WHERE ${where}`, []);
  return Number(row!.count);
}

const advance = (seconds: number) => postgresSubject(() => runner).advance!(seconds);
const linkOf = ({ frameId, bytes }: StagedFrame) => ({ frameId, storedBytes: bytes.length });
const small = (count: number) => Array.from({ length: count }, (_, i) => noise(10, i + 1));

describe("staged frames", () => {
  test("wait for an hour, and then go with what others stage, a few at a time", async () => {
    const [early, late, other] = [newKey(), newKey(), newKey()];
    const { staged, commit: inTime } = await inParts(early, 0, small(3));
    await backend.stage(early, staged);
    const tooLate = await inParts(late, 0, small(40));
    await backend.stage(late, tooLate.staged);
    await advance(HOUR - 60);
    const fresh = await inParts(other, 0, small(1));
    await backend.stage(other, fresh.staged);
    expect(await count("staged")).toBe(44);
    expect(await commit(inTime)).toMatchObject({ ok: true });
    await advance(120);
    const left = [];
    for (let i = 0; i < 4; i++) {
      await backend.stage(other, fresh.staged);
      left.push(await count("staged"));
    }
    expect(left).toEqual([25, 9, 1, 1]);
    expect(await commit(tooLate.commit)).toMatchObject({ ok: false, refusal: "frames_missing", head: null });
    expect(await commit(fresh.commit)).toMatchObject({ ok: true });
    expect(await count("staged")).toBe(0);
  });

  test("staged again are as they were staged last, in one call too; empty ones are kept", async () => {
    const key = newKey();
    const { staged, commit: save } = await inParts(key, 0, [noise(9, 1), new Uint8Array(0)]);
    const [first, empty] = staged;
    await backend.stage(key, []);
    await backend.stage(key, [{ ...first!, bytes: noise(500) }]);
    await backend.stage(key, [empty!, { ...first!, bytes: noise(7) }, first!]);
    expect(await commit(save)).toMatchObject({ ok: true });
    const found = await backend.frames(key, save.effects.state!.staged!);
    expect(found.map((bytes) => [...bytes!])).toEqual(staged.map(({ bytes }) => [...bytes]));
  });

  test("of another pipeline or tenant are missing, and a deletion takes those of its pipeline", async () => {
    const key = newKey();
    const { staged, commit: save } = await inParts(key, 0, small(2));
    await backend.stage(key, staged);
    for (const other of [newKey(), { ...key, tenant: "u" }])
      expect(await commit({ ...save, key: other })).toMatchObject({ ok: false, refusal: "frames_missing" });
    const { commit: never } = await inParts(key, 0, small(2));
    expect(await commit(never)).toMatchObject({ ok: false, refusal: "frames_missing" });
    expect(await count("staged")).toBe(2);
    expect(await commit(change(key, { remove: true }, { expect: { create: "allowed" } }))).toMatchObject({
      ok: true,
    });
    expect(await count("staged")).toBe(0);
  });

  test("are collected by their age, but for those of others and those that were named", async () => {
    const [key, other] = [newKey(), newKey()];
    const [early, late, theirs] = [
      await inParts(key, 0, small(3)),
      await inParts(key, 1, small(2)),
      await inParts(other, 0, small(1)),
    ];
    await backend.stage(key, early.staged);
    await backend.stage(other, theirs.staged);
    expect(await commit(early.commit)).toMatchObject({ ok: true });
    const lost = await inParts(key, 1, small(4));
    await backend.stage(key, lost.staged);
    await advance(100);
    await backend.stage(key, late.staged);
    expect(await backend.collect(key, 101)).toBe(0);
    expect(await backend.collect({ ...key, tenant: "u" }, 0)).toBe(0);
    const { revision } = (await backend.load(key))!.head;
    expect(await backend.collect(key, 99.5)).toBe(4);
    expect(await backend.collect(key, 99.5)).toBe(0);
    expect((await backend.load(key))!.head.revision).toBe(revision);
    expect(await commit(lost.commit)).toMatchObject({ ok: false, refusal: "frames_missing" });
    expect(await commit(late.commit)).toMatchObject({ ok: true });
    expect(await commit(theirs.commit)).toMatchObject({ ok: true });
    const found = await backend.frames(key, [...early.staged, ...late.staged].map(linkOf));
    expect(found.every((bytes) => bytes?.length === 10)).toBe(true);
    expect(await count("staged")).toBe(0);
  });

  test("that are collected while a commit names them stay, or it is refused: no head misses a frame", async () => {
    const other = postgresOver(open());
    const outcomes = await together(40, async () => {
      const key = newKey();
      const { staged, commit: save } = await inParts(key, 0, small(6));
      await backend.stage(key, staged);
      const [outcome, went] = await Promise.all([commit(save), other.collect(key, 0)]);
      expect([outcome.ok, went]).toEqual(outcome.ok ? [true, 0] : [false, 6]);
      if (!outcome.ok) return expect(outcome.refusal).toBe("frames_missing");
      const found = await backend.frames(key, staged.map(linkOf));
      expect(found.every((bytes) => bytes?.length === 10)).toBe(true);
    });
    expect(outcomes).toHaveLength(40);
    await other.close();
  });

  test("named by 20 commits of two clients at once, they stay with the one that lands", async () => {
    const clients = [backend, postgresOver(open())];
    const key = newKey();
    const { staged, commit: save } = await inParts(key, 0, small(5));
    await backend.stage(key, staged);
    const all = await together(20, (i) => clients[i % 2]!.commit([{ ...save, writeId: `w${i}` }]));
    expect(all.filter(([outcome]) => outcome!.ok)).toHaveLength(1);
    const found = await backend.frames(key, save.effects.state!.staged!);
    expect(found.every((bytes) => bytes?.length === 10)).toBe(true);
    await clients[1]!.close();
  });

  test("staged, committed and swept at once in any order, nobody waits in a circle", async () => {
    const clients = await Promise.all([open(), open()].map(async (each) => postgresOver(each)));
    const keys = Array.from({ length: 4 }, newKey);
    const made = await Promise.all(keys.map((key) => inParts(key, 0, small(12))));
    await Promise.all(made.map(({ staged }, i) => backend.stage(keys[i]!, staged)));
    await advance(HOUR + 1);
    await together(60, async (i) => {
      const { staged, commit: save } = made[i % 4]!;
      const client = clients[i % 2]!;
      if (i % 5 === 4) return client.commit([{ ...save, writeId: `w${i}` }]);
      return client.stage(keys[i % 4]!, i % 3 ? staged : staged.toReversed());
    });
    for (const client of clients) await client.close();
  });

  test("of 100 MB come in parts of 4 MB and are one chain after one call, with nothing left when it goes", async () => {
    const key = newKey();
    const part = Uint8Array.from(Buffer.alloc(4_000_000, "0123456789abcdefghij"));
    const { staged, commit: save } = await inParts(key, 0, Array(25).fill(part));
    for (const each of staged) await backend.stage(key, [each]);
    const began = performance.now();
    expect(await commit(save)).toMatchObject({ ok: true });
    expect(performance.now() - began).toBeLessThan(15_000);
    const loaded = await backend.load(key, { frames: true });
    expect(loaded!.frames.map((bytes) => bytes!.length)).toEqual([4]);
    const [last] = await backend.frames(key, save.effects.state!.staged!.slice(-1));
    expect(Buffer.compare(last!, part)).toBe(0);
    for (const version of [1, 2]) await commit(await saving(key, version, "small"));
    expect(await count("frames", "octet_length(r.bytes) = 4000000")).toBe(0);
  }, 60_000);
});

describe("a chain", () => {
  test("that is more than one answer carries comes in parts after its head", async () => {
    let calls = 0;
    const query: Runner["query"] = (sql, params) => {
      calls++;
      return runner.query(sql, params);
    };
    const key = newKey();
    let content = noise(6000);
    let { head } = await commit(await saving(key, 0, content));
    for (let i = 1; i <= 3; i++) {
      const next = new Uint8Array([...content, ...noise(2000, 2 * i + 1)]);
      head = (await commit(await extending(key, head!, content, next))).head;
      content = next;
    }
    const links = linksOf(head!.state!.frame);
    const whole = links.reduce((sum, link) => sum + link.storedBytes, 0);
    const wanted = await backend.frames(key, links);
    const load = async (maxFrameBytes: number) => {
      calls = 0;
      const narrow = postgresOver({ ...runner, maxFrameBytes, query });
      const { frames } = (await narrow.load(key, { frames: true }))!;
      expect(frames).toEqual(wanted);
      return calls;
    };
    expect([await load(whole), await load(whole - 1), await load(5000)]).toEqual([1, 3, 4]);
  });

  test("goes with all that begins with its name and a dot, and nothing else goes", async () => {
    const key = newKey();
    const { head } = await commit(await saving(key, 0, "v1", { effects: { checkpoint: snapshot() } }));
    const chain = chainOf(head!.state!.frame);
    const own = [".0", ".1-2-dead", ".p0-2-staged", "."];
    const others = ["", "-", "0.0", "/", "a.0"];
    for (const end of [...own, ...others].slice(1))
      await runner.query(
        `INSERT INTO cairn.frames SELECT id, $2, '' FROM cairn.pipelines WHERE pipeline_id = $1`,
        [key.pipelineId, chain + end],
      );
    for (const version of [1, 2]) await commit(await saving(key, version, "away"));
    const left = `r.frame_id LIKE '${chain}%'`;
    expect(await count("frames", left)).toBe(own.length + others.length);
    const id = head!.lastCheckpoint!.checkpointId;
    await commit(change(key, { checkpoints: new Map([[id, "drop" as const]]) }));
    const ids = await runner.query(`SELECT frame_id FROM cairn.frames AS r WHERE ${left} ORDER BY 1`, []);
    expect(ids.map((row) => row.frame_id)).toEqual(others.map((end) => chain + end).sort());
  });
});

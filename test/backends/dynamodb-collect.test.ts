import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { change, extending, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { type DynamodbOptions, dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { openItem } from "../../src/backends/dynamodb/item.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import type { Commit, CommitOutcome, StorageBackend } from "../../src/backends/types.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { concat } from "../../src/model/bytes.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type PutTimes, timeless } from "../support/memory-store.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";

const KEY: PipelineKey = { tenant: "t", pipelineId: "p" };
const LARGE = 60_000;
let dynamo: DynamoServer;
let s3: S3Server;
let table: string;
let now: number;
let times: PutTimes;
let seed = 1;

beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
beforeEach(async () => {
  now = Date.parse("2026-11-23T08:00:00Z");
  dynamo.clock.now = () => now;
  times = new Map();
  table = await dynamo.makeTable();
  s3.objects.clear();
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

const store = () =>
  timeless(s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table }), () => now, times);
const open = (options: Partial<DynamodbOptions> = {}) =>
  dynamodbBackend({ ...dynamo, table, now: () => now, ...options });
const rows = async () => (await dynamo.scan(table)).map(({ sk }) => sk!.S!).filter((sk) => sk !== "head");
const objects = () => [...s3.objects.keys()].map((name) => `o/${name.slice(name.lastIndexOf("/") + 1)}`);
const names = async () => [...(await rows()), ...objects()].sort();

/** The calls that change something, made by `run`. */
async function changes(run: () => Promise<unknown>): Promise<string[]> {
  dynamo.requests.length = 0;
  s3.requests.length = 0;
  await run();
  const calls = dynamo.requests.map(({ operation }) => operation);
  return [...calls, ...s3.requests.map(({ method }) => method)].filter(
    (call) => !["GetItem", "BatchGetItem", "Query", "GET"].includes(call),
  );
}

async function applied(backend: StorageBackend, commit: Commit): Promise<Head> {
  const [outcome] = await backend.commit([commit]);
  if (!outcome?.ok) throw new Error(`refused: ${outcome?.refusal}`);
  return outcome.head;
}

const refusalOf = (outcome: CommitOutcome | undefined) => (outcome?.ok ? "applied" : outcome?.refusal);

/** A point that is stopped at until it is told to go on. */
function gate() {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pass = () => {
    reached.resolve();
    return opened.promise;
  };
  return { pass, reached: reached.promise, goOn: () => opened.resolve() };
}

/** The next request of that kind waits. */
function holdNext(operation: string) {
  const held = gate();
  dynamo.fail({ how: "held", operation, hold: held.pass });
  return held;
}

/** Whatever is named can be read, and makes the content. */
async function whole(backend: StorageBackend): Promise<Head> {
  const { head } = (await backend.load(KEY))!;
  const { data } = await backend.checkpoints(KEY, { limit: 100 });
  for (const state of [...(head.state ? [head.state] : []), ...head.history, ...data]) {
    const stored = await backend.frames(KEY, linksOf(state.frame));
    const decoded = await decodeFrame(KEY, state, stored);
    expect(decoded.ok || decoded.problem, `version ${state.version}`).toBe(true);
  }
  return head;
}

async function record() {
  const head = (await dynamo.scan(table)).find(({ sk }) => sk!.S === "head")!;
  return openItem(head, KEY, {}).record!;
}

/** A state that grows by noise. */
interface Growing {
  head: Head;
  content: Uint8Array;
}

async function start(backend: StorageBackend): Promise<Growing> {
  const content = noise(LARGE);
  return { head: await applied(backend, await saving(KEY, 0, content)), content };
}

async function grown(
  { head, content }: Growing,
  bytes: number,
): Promise<{ commit: Commit; content: Uint8Array }> {
  seed += 2;
  const next = concat([content, noise(bytes, seed)]);
  return { commit: await extending(KEY, head, content, next), content: next };
}

async function grow(backend: StorageBackend, from: Growing, bytes: number): Promise<Growing> {
  const { commit, content } = await grown(from, bytes);
  return { head: await applied(backend, commit), content };
}

describe.each([true, false])("with S3: %s", (onS3) => {
  const here = (options: Partial<DynamodbOptions> = {}) =>
    open({ ...(onS3 ? { s3: store() } : {}), ...options });
  const shelf = onS3 ? "o/" : "f/";

  test("only what is old and unnamed goes: rows and objects of losers, staged parts", async () => {
    const backend = here();
    let state = await start(backend);
    const draft = snapshot();
    await applied(backend, change(KEY, { checkpoint: draft }));
    for (let round = 0; round < 8; round++) {
      const loser = here({ inlineBytes: 4000 });
      await loser.commit([change(KEY, { settings: { kind: `seen-${round}` } })]);
      const late = (await grown(state, round % 3 === 0 ? 30_000 : 1200)).commit;
      state = await grow(backend, state, round % 4 === 0 ? 6000 : 900);
      expect(refusalOf((await loser.commit([late]))[0])).toBe("version_mismatch");
    }
    const chain = chainOf(state.head.state!.frame);
    const stage = (frameId: string, key = KEY) => backend.stage(key, [{ frameId, bytes: noise(9) }]);
    await stage("30-aaaaaaaaaaaaaaaaaaaa.p1-9-aaaaaaa");
    await stage("30-bbbbbbbbbbbbbbbbbbbb.0");
    await stage(`${chain}.p1-9-aaaaaaa`);
    const before = await names();
    now += 3_599_000;
    expect(await changes(async () => expect(await here().collect(KEY, 3600)).toBe(0))).toEqual([]);
    now += 1000;
    await stage("30-cccccccccccccccccccc.0");
    await stage("30-dddddddddddddddddddd.0", { ...KEY, pipelineId: "p2" });
    const found = await here().collect(KEY, 3600);
    const after = await names();
    expect(found).toBe(before.length + 2 - after.length);
    const gone = before.filter((name) => !after.includes(name));
    const strays = [`${shelf}30-aaaaaaaaaaaaaaaaaaaa.p1-9-aaaaaaa`, `${shelf}30-bbbbbbbbbbbbbbbbbbbb.0`];
    expect(gone).toEqual(expect.arrayContaining(strays));
    expect(gone.some((name) => name.startsWith(`f/${chain}.+`))).toBe(true);
    expect(gone.some((name) => name.startsWith(`${shelf}${chain}.`))).toBe(true);
    expect(after).toEqual(expect.arrayContaining([`${shelf}${chain}.p1-9-aaaaaaa`]));
    const { revision, updatedAt } = await whole(here());
    expect([revision, updatedAt]).toEqual([state.head.revision + 1, state.head.updatedAt]);
    const held = (await dynamo.scan(table)).flatMap(({ frames }) => Object.keys(frames?.M ?? {}));
    const gathered = held.filter((id) =>
      linksOf(state.head.state!.frame).some((link) => link.frameId === id),
    );
    expect(gathered.length).toBe(new Set(gathered).size);
    expect(await changes(async () => expect(await here().collect(KEY, 3600)).toBe(0))).toEqual([]);
    await whole(here());
  });

  test("a writer that stalled before its head does not bring back a name that was collected", async () => {
    await applied(here(), await saving(KEY, 0, "v1"));
    const late = here();
    const held = holdNext("UpdateItem");
    const writing = late.commit([await saving(KEY, 1, noise(LARGE))]);
    await held.reached;
    expect(await names()).toHaveLength(1);
    expect(await here().collect(KEY, 0)).toBe(1);
    held.goOn();
    expect(refusalOf((await writing)[0])).toBe("frames_missing");
    expect((await whole(here())).version).toBe(1);
    // As a new write it lands, also from the same process.
    await applied(late, await saving(KEY, 1, noise(LARGE)));
    expect((await whole(here())).version).toBe(2);
    await applied(late, await saving(KEY, 2, "v3"));
    expect((await record()).barred).toEqual([]);
  });

  test.each(["Query", "GetItem", "UpdateItem", "delete"])(
    "a collector that stalls before its %s, while the writer goes on, takes nothing that a head names",
    async (call) => {
      await applied(here(), await saving(KEY, 0, "v1"));
      const late = holdNext("UpdateItem");
      const writing = here().commit([await saving(KEY, 1, noise(LARGE))]);
      await late.reached;
      const { collector, held } = stalled(call);
      const collecting = collector.collect(KEY, 0);
      await held.reached;
      late.goOn();
      const [outcome] = await writing;
      held.goOn();
      await collecting;
      expect(outcome!.ok).toBe(call !== "delete");
      expect((await whole(here())).version).toBe(outcome!.ok ? 2 : 1);
    },
  );

  test.each(["UpdateItem", "delete"])(
    "staged frames that are collected are not adopted, also while the collector stalls before its %s",
    async (call) => {
      await applied(here(), await saving(KEY, 0, "v1"));
      const commit = await saving(KEY, 1, "index");
      const part = { frameId: `${chainOf(commit.effects.state!.frame.ref)}.p1-a-aaaaaaa`, bytes: noise(10) };
      const staged = [{ frameId: part.frameId, storedBytes: 10 }];
      const adopting = { ...commit, effects: { state: { ...commit.effects.state!, staged } } };
      await here().stage(KEY, [part]);
      const { collector, held } = stalled(call);
      const collecting = collector.collect(KEY, 0);
      await held.reached;
      const [outcome] = await here().commit([adopting]);
      held.goOn();
      expect(await collecting).toBe(outcome!.ok ? 0 : 1);
      expect(refusalOf(outcome)).toBe(call === "delete" ? "frames_missing" : "applied");
      expect((await here().frames(KEY, staged))[0] === null).toBe(!outcome!.ok);
      if (outcome!.ok) return;
      // Staged again under its name it may still be about to be deleted.
      await here().stage(KEY, [part]);
      expect(refusalOf((await here().commit([adopting]))[0])).toBe("frames_missing");
    },
  );

  /** A client whose next call of that kind waits. */
  function stalled(call: string) {
    if (call !== "delete") return { collector: here(), held: holdNext(call) };
    if (!onS3) return { collector: here(), held: holdNext("BatchWriteItem") };
    const held = gate();
    const slow: ObjectStore = {
      ...store(),
      async delete(keys) {
        await held.pass();
        return store().delete(keys);
      },
    };
    return { collector: here({ s3: slow }), held };
  }

  test("what a writer gathered, and gathers again, is not taken by two who collect meanwhile", async () => {
    let state = await start(here());
    for (let i = 0; i < 4; i++) state = await grow(here(), state, 900);
    const held = holdNext("UpdateItem");
    const writing = here({ inlineBytes: 4000 }).commit([(await grown(state, 1200)).commit]);
    await held.reached;
    const gathered = async () => (await rows()).filter((sk) => sk.includes(".+"));
    expect(await gathered()).toHaveLength(1);
    const slow = holdNext("BatchWriteItem");
    const collecting = here().collect(KEY, 0);
    await slow.reached;
    held.goOn();
    expect(refusalOf((await writing)[0])).toBe("applied");
    expect(await gathered()).toHaveLength(2);
    expect(await here().collect(KEY, 0)).toBe(1);
    slow.goOn();
    await collecting;
    expect(await gathered()).toHaveLength(1);
    expect((await whole(here())).version).toBe(6);
  });

  test("writers and collectors at once: all that is named stays", async () => {
    let state = await start(here());
    for (let round = 0; round < 25; round++) {
      const sizes = [900, round % 5 === 0 ? 9000 : 1400, 2500];
      const drafts = await Promise.all(sizes.map((bytes) => grown(state, bytes)));
      const clients = [here(), here({ inlineBytes: 3000 }), here({ inlineBytes: 1200 })];
      const checkpoint = round % 4 === 0 ? change(KEY, { checkpoint: snapshot() }) : null;
      const [outcomes] = await Promise.all([
        Promise.all(drafts.map(({ commit }, i) => clients[i]!.commit([commit]))),
        here().collect(KEY, 0),
        here().collect(KEY, 0),
        ...(checkpoint ? [here().commit([checkpoint])] : []),
      ]);
      const won = outcomes.findIndex(([outcome]) => outcome!.ok);
      const { head } = (await here().load(KEY))!;
      if (won >= 0) state = { head, content: drafts[won]!.content };
      else state = { ...state, head };
      expect(head.state!.bytes).toBe(state.content.length);
    }
    await whole(here());
    expect(state.head.version).toBeGreaterThan(12);
    await here().collect(KEY, 0);
    await whole(here());
  });

  test("what a tombstone left and what was written late go, and a bar outlives a deletion", async () => {
    const backend = here();
    await applied(backend, await saving(KEY, 0, noise(LARGE)));
    const lost = await saving(KEY, 1, noise(LARGE));
    const { ref, bytes } = lost.effects.state!.frame;
    await backend.stage(KEY, [{ frameId: ref.frameId, bytes }]);
    await applied(backend, change(KEY, { remove: true }));
    expect(await names()).toEqual([shelf + ref.frameId]);
    expect(await here().collect(KEY, 0)).toBe(1);
    expect(await names()).toEqual([]);
    const again = { ...lost, expect: { ...lost.expect, create: "anew" as const } };
    expect(refusalOf((await backend.commit([again]))[0])).toBe("frames_missing");
    for (const version of [1, 2])
      await applied(backend, await saving(KEY, version, "v", { expect: { create: "anew" } }));
    expect((await record()).barred).toEqual([]);
  });
});

test("rows of dropped checkpoints and of a deleted pipeline's events go, those of others stay", async () => {
  const backend = open();
  const drafts = Array.from({ length: 4 }, () => snapshot());
  for (const [version, checkpoint] of drafts.entries())
    await applied(backend, await saving(KEY, version, `v${version}`, { effects: { checkpoint } }));
  const old = (await dynamo.scan(table)).filter(({ sk }) => sk!.S!.startsWith("c/"));
  await applied(backend, change(KEY, { checkpoints: new Map([[drafts[0]!.checkpointId, "drop" as const]]) }));
  for (const row of old) await dynamo.put(table, row);
  const before = await rows();
  now += 1000;
  expect(await open().collect(KEY, 0)).toBe(0);
  const gone = before.filter((sk) => sk.startsWith("c/")).sort()[0];
  expect((await rows()).sort()).toEqual(before.filter((sk) => sk !== gone).sort());
  expect((await backend.checkpoints(KEY, { limit: 9 })).data.length).toBe(3);
  await whole(open());
});

test("where there is no head, or a row of a checkpoint is lost, nothing goes", async () => {
  const backend = open();
  const frameId = "9-aaaaaaaaaaaaaaaaaaaa.p1-a-aaaaaaa";
  await backend.stage(KEY, [{ frameId, bytes: noise(10) }]);
  expect(await backend.collect(KEY, 0)).toBe(0);
  for (let version = 0; version < 4; version++)
    await applied(backend, await saving(KEY, version, "v", { effects: { checkpoint: snapshot() } }));
  const head = (await dynamo.scan(table)).find(({ sk }) => sk!.S === "head")!;
  const other = await dynamo.makeTable([head]);
  const damaged = dynamodbBackend({ ...dynamo, table: other, now: () => now });
  await damaged.stage(KEY, [{ frameId, bytes: noise(10) }]);
  expect(await damaged.collect(KEY, 0)).toBe(0);
  expect(await dynamo.scan(other)).toHaveLength(2);
  expect(await open().collect(KEY, 0)).toBe(1);
});

test("an update whose answer is lost deletes nothing, and the next call does", async () => {
  const backend = open();
  await applied(backend, await saving(KEY, 0, "v1"));
  await backend.stage(KEY, [{ frameId: "9-aaaaaaaaaaaaaaaaaaaa.p1-a-aaaaaaa", bytes: noise(10) }]);
  dynamo.fail({ how: "dropAfter", operation: "UpdateItem" });
  await expect(backend.collect(KEY, 0)).rejects.toMatchObject({ code: "backend_unavailable" });
  expect(await rows()).toHaveLength(1);
  expect(await backend.collect(KEY, 0)).toBe(1);
});

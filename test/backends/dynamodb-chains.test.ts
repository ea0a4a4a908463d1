import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { change, extending, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { type DynamodbOptions, dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { concat } from "../../src/model/bytes.ts";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";

const KEY: PipelineKey = { tenant: "t", pipelineId: "p" };
let dynamo: DynamoServer;
let s3: S3Server;
let table: string;

beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
beforeEach(async () => {
  table = await dynamo.makeTable();
  s3.objects.clear();
  forget();
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

const store = () => s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table });
const open = (options: Partial<DynamodbOptions> = {}) => dynamodbBackend({ ...dynamo, table, ...options });
const operations = () => dynamo.requests.map(({ operation }) => operation);
const of = (operation: string) => operations().filter((each) => each === operation).length;
const rows = async () => (await dynamo.scan(table)).map(({ sk }) => sk!.S!).filter((sk) => sk !== "head");
const objects = () => [...s3.objects.keys()].map((name) => name.slice(name.lastIndexOf("/") + 1));

function forget(): void {
  dynamo.requests.length = 0;
  s3.requests.length = 0;
}

async function applied(backend: StorageBackend, commit: Commit): Promise<Head> {
  const [outcome] = await backend.commit([commit]);
  if (!outcome?.ok) throw new Error(`refused: ${outcome?.refusal}`);
  return outcome.head;
}

/** A state that grows by noise, `bytes` at a time. */
interface Growing {
  head: Head;
  content: Uint8Array;
}

async function start(backend: StorageBackend): Promise<Growing> {
  const content = noise(100_000);
  return { head: await applied(backend, await saving(KEY, 0, content)), content };
}

let seed = 1;
async function grow(backend: StorageBackend, from: Growing, bytes: number): Promise<Growing> {
  seed += 2;
  const content = concat([from.content, noise(bytes, seed)]);
  return { head: await applied(backend, await extending(KEY, from.head, from.content, content)), content };
}

async function expectWhole(backend: StorageBackend, { head, content }: Growing): Promise<void> {
  const loaded = await backend.load(KEY, { frames: true });
  expect(loaded!.head.version).toBe(head.version);
  const decoded = await decodeFrame(KEY, loaded!.head.state!, loaded!.frames);
  expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
}

describe.each([true, false])("with S3: %s", (onS3) => {
  const here = (options: Partial<DynamodbOptions> = {}) =>
    open({ ...(onS3 ? { s3: store() } : {}), ...options });

  test("40 small deltas are 40 updates, and a row for every seven of them", async () => {
    const backend = here();
    let state = await start(backend);
    forget();
    for (let i = 0; i < 40; i++) state = await grow(backend, state, 1000);
    expect([of("UpdateItem"), of("BatchWriteItem"), operations().length]).toEqual([40, 5, 45]);
    expect(s3.requests).toEqual([]);
    forget();
    const { frames } = (await here().load(KEY, { frames: true }))!;
    expect(frames.map((bytes) => bytes?.length)).toEqual(
      linksOf(state.head.state!.frame).map((l) => l.storedBytes),
    );
    expect(operations()).toEqual(["GetItem", "Query"]);
    await expectWhole(here(), state);
  });

  test("a chain in the item, in rows and large comes in two rounds", async () => {
    const backend = here();
    let state = await start(backend);
    for (const bytes of [900, 9000, 2000, 2000, 2000, 2000, 50, 5000, 70])
      state = await grow(backend, state, bytes);
    forget();
    await expectWhole(here(), state);
    expect(operations()).toEqual(["GetItem", "Query"]);
    expect(s3.requests.length).toBe(onS3 ? 3 : 0);
    // A bucket that came later changes nothing of what is in rows.
    if (!onS3) await expectWhole(open({ s3: store() }), state);
  });

  test("writers that lose, and that gather otherwise, take nothing away; all they leave goes with the chain", async () => {
    const backend = here();
    let state = await start(backend);
    for (let round = 0; round < 12; round++) {
      const loser = here({ inlineBytes: 4000 });
      await loser.commit([change(KEY, { settings: { kind: `seen-${round}` } })]);
      const late = await extending(KEY, state.head, state.content, noise(round % 3 === 0 ? 30_000 : 1200, 5));
      state = await grow(backend, state, round % 4 === 0 ? 6000 : 900);
      expect((await loser.commit([late]))[0]).toMatchObject({ ok: false, refusal: "version_mismatch" });
      await expectWhole(here(), state);
    }
    const chain = chainOf(state.head.state!.frame);
    const draft = snapshot();
    const effects = { checkpoint: draft };
    for (let i = 0; i < 2; i++)
      await applied(backend, await saving(KEY, 13 + i, `full ${i}`, { effects: i ? effects : {} }));
    const ofChain = async () => [...(await rows()), ...objects()].filter((name) => name.includes(chain));
    expect((await ofChain()).length).toBeGreaterThan(4);
    expect(
      (await backend.frames(KEY, linksOf(state.head.state!.frame))).every((bytes) => bytes === null),
    ).toBe(true);
    await applied(backend, change(KEY, { checkpoints: new Map([[draft.checkpointId, "drop" as const]]) }));
    expect(await ofChain()).toEqual([]);
  });

  test("what grew old is deleted sixteen at a time, and takes no one else along", async () => {
    const backend = here();
    for (let version = 0; version < 19; version++)
      await applied(backend, await saving(KEY, version, noise(5000, 2 * version + 1)));
    const left = [...(await rows()), ...objects()].map((name) => Number.parseInt(name.replace("f/", ""), 10));
    expect(left.sort((a, b) => a - b)).toEqual([17, 18, 19]);
    forget();
    await applied(backend, await saving(KEY, 19, noise(5000, 99)));
    expect(operations().length + s3.requests.length).toBe(2);
  });

  test("staged frames are found by one request before the commit; without any it is none", async () => {
    const backend = here();
    const commit = await saving(KEY, 0, "root");
    const chain = chainOf(commit.effects.state!.frame.ref);
    const parts = [1, 2, 3].map((i) => ({ frameId: `${chain}.p${i}-2s-abcdefg`, bytes: noise(100, i) }));
    for (const part of parts) await backend.stage(KEY, [part]);
    forget();
    const staged = parts.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
    await applied(backend, { ...commit, effects: { state: { ...commit.effects.state!, staged } } });
    const listed = s3.requests.map(({ method }) => method);
    expect([operations(), listed]).toEqual(
      onS3 ? [["GetItem", "UpdateItem"], ["GET"]] : [["GetItem", "Query", "UpdateItem"], []],
    );
    expect((await backend.frames(KEY, staged)).map((bytes) => bytes?.length)).toEqual([100, 100, 100]);
    for (const version of [1, 2]) await applied(backend, await saving(KEY, version, `v${version}`));
    expect(await backend.frames(KEY, staged)).toEqual([null, null, null]);
  });

  test("parts staged in a chain that is garbage, or older than a tombstone, are not there", async () => {
    const backend = here();
    const first = await saving(KEY, 0, "root");
    const chain = chainOf(first.effects.state!.frame.ref);
    const stage = async (place: number) => {
      const part = { frameId: `${chain}.p${place}-2s-abcdefg`, bytes: noise(100, place) };
      await backend.stage(KEY, [part]);
      return [{ frameId: part.frameId, storedBytes: 100 }];
    };
    const naming = async (version: number, place: number) => {
      const { effects, ...commit } = await saving(KEY, version, `v${version}`);
      return { ...commit, effects: { state: { ...effects.state!, staged: await stage(place) } } };
    };
    await applied(backend, {
      ...first,
      effects: { state: { ...first.effects.state!, staged: await stage(1) } },
    });
    for (const version of [1, 2]) await applied(backend, await saving(KEY, version, `v${version}`));
    const refused = { ok: false, refusal: "frames_missing" };
    expect((await backend.commit([await naming(3, 2)]))[0]).toMatchObject(refused);
    await applied(backend, change(KEY, { remove: true }));
    const anew = await naming(3, 3);
    anew.expect = { ...anew.expect, create: "anew" };
    expect((await backend.commit([anew]))[0]).toMatchObject(refused);
  });
});

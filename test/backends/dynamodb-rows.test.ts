import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { change, saving, snapshot } from "../../src/backends/contract/support.ts";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";

const KEY: PipelineKey = { tenant: "t", pipelineId: "p" };
let dynamo: DynamoServer;
let table: string;
let winner: StorageBackend;
let loser: StorageBackend;

beforeAll(async () => {
  dynamo = await startDynamo();
});
beforeEach(async () => {
  table = await dynamo.makeTable();
  [winner, loser] = [dynamodbBackend({ ...dynamo, table }), dynamodbBackend({ ...dynamo, table })];
});
afterAll(() => dynamo.stop());

/** The sort keys of all rows but the head's. */
const rows = async () => (await dynamo.scan(table)).map(({ sk }) => sk!.S!).filter((sk) => sk !== "head");
const saves = (version: number, checkpoint?: ReturnType<typeof snapshot>) =>
  saving(KEY, version, `v${version + 1}`, checkpoint ? { effects: { checkpoint } } : {});
const drops = (id: string) => change(KEY, { checkpoints: new Map([[id, "drop" as const]]) });

async function applied(commit: Commit | Promise<Commit>): Promise<void> {
  const [outcome] = await winner.commit([await commit]);
  expect(outcome).toMatchObject({ ok: true });
}

/** A checkpoint of version 1, which one who then loses moves out of a head that it remembers. */
async function strayRows(): Promise<string> {
  const first = snapshot();
  await applied(saves(0, first));
  await loser.commit([change(KEY, { settings: { kind: "seen" } })]);
  await applied(saves(1));
  const [outcome] = await loser.commit([await saves(1, snapshot())]);
  expect(outcome).toMatchObject({ ok: false, refusal: "version_mismatch" });
  expect((await rows()).map((sk) => sk.slice(0, 2)).sort()).toEqual(["c/", "f/"]);
  return first.checkpointId;
}

test("rows that a loser left behind go with their checkpoint, while the head has the frame still", async () => {
  const checkpointId = await strayRows();
  await applied(drops(checkpointId));
  const other = snapshot();
  await applied(saves(2, other));
  await applied(saves(3));
  // What merely grew old waits for the next deletion.
  await applied(drops(other.checkpointId));
  expect(await rows()).toEqual([]);
});

test("rows that a loser left behind go with their checkpoint, when nothing else has the frame", async () => {
  const checkpointId = await strayRows();
  for (const version of [2, 3]) await applied(saves(version));
  await applied(drops(checkpointId));
  expect(await rows()).toEqual([]);
});

test("a frame that one checkpoint has lost and another keeps is found in its row", async () => {
  const [first, second] = [snapshot(), snapshot()];
  await applied(saves(0, first));
  await applied(change(KEY, { checkpoint: second, ...drops(first.checkpointId).effects }));
  const { frame } = (await winner.checkpoint(KEY, second.checkpointId))!;
  for (const version of [1, 2, 3]) await applied(saves(version, snapshot()));
  const [bytes] = await dynamodbBackend({ ...dynamo, table }).frames(KEY, [frame]);
  expect(bytes?.length).toBe(frame.storedBytes);
});

test("what a deleted pipeline leaves is its tombstone", async () => {
  await strayRows();
  for (const version of [2, 3, 4]) await applied(saves(version, snapshot()));
  await applied(change(KEY, { remove: true }));
  expect(await rows()).toEqual([]);
});

test("a deletion and a new start in one batch leave nothing of the old", async () => {
  await strayRows();
  const [removed, reborn] = await winner.commit([
    change(KEY, { remove: true }),
    await saving(KEY, 2, "new", { expect: { create: "anew" } }),
  ]);
  expect([removed!.ok, reborn!.ok]).toEqual([true, true]);
  expect(await rows()).toEqual([]);
});

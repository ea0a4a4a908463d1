import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import type { Due } from "../../src/backends/types.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";

let dynamo: DynamoServer;
let table: string;
let now: number;

beforeAll(async () => {
  dynamo = await startDynamo();
});
beforeEach(async () => {
  now = Date.parse("2026-11-23T08:00:00Z");
  dynamo.clock.now = () => now;
  table = await dynamo.makeTable();
  dynamo.requests.length = 0;
});
afterAll(() => dynamo.stop());

const open = () => dynamodbBackend({ ...dynamo, table, now: () => now });
const KEY: PipelineKey = { tenant: "t", pipelineId: "p" };
const idsOf = (due: readonly Due[]) => due.map(({ key }) => key.pipelineId);

async function lease(key: PipelineKey, ttlSeconds: number): Promise<void> {
  const take = { lease: { take: { owner: "one", ttlSeconds } } };
  await open().commit([await saving(key, 0, "v1"), change(key, take)]);
}

const renew = () => open().commit([change(KEY, { lease: { renew: {} } }, { expect: { fence: 1 } })]);
const dueAt = async () => Number((await dynamo.scan(table)).find(({ sk }) => sk!.S === "head")!.dueAt?.N);

test("a heartbeat leaves the index alone; who looks too early finds the lease live, and pushes it on", async () => {
  const start = now;
  await lease(KEY, 60);
  now += 50_000;
  await renew();
  const heartbeat = dynamo.requests.filter(({ operation }) => operation === "UpdateItem").at(-1)!;
  expect(heartbeat.body.UpdateExpression).not.toContain("dueAt");
  expect(await dueAt()).toBe(start + 62_000);
  now = start + 63_000;
  expect(await open().due(10)).toEqual([]);
  expect(await dueAt()).toBe(start + 112_000);
  now = start + 113_000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
});

test("a save of who would be due by its silence leaves the index alone; what comes earlier is written", async () => {
  const start = now;
  const settings = { recovery: { silenceSeconds: 60 }, retention: { deleteAfterSeconds: 10 } };
  await open().commit([await saving(KEY, 0, "v1"), change(KEY, { settings })]);
  now += 50_000;
  await open().commit([await saving(KEY, 1, "v2")]);
  expect(await dueAt()).toBe(start + 60_000);
  now = start + 61_000;
  expect(await open().due(10)).toEqual([]);
  expect(await dueAt()).toBe(start + 110_000);
  const lookAt = new Date(start + 70_000).toISOString();
  await open().commit([change(KEY, { lookAt })]);
  expect(await dueAt()).toBe(start + 70_000);
  await open().commit([change(KEY, { lookAt: null, status: "completed" })]);
  now = start + 72_000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
  await open().commit([change(KEY, { settings: { retention: {} } })]);
  expect(await dueAt()).toBe(Number.NaN);
});

test("a claim is good for a minute; the holder that comes back is watched again", async () => {
  await lease(KEY, 60);
  now += 63_000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
  now += 57_000;
  expect(await open().due(10)).toEqual([]);
  now += 5000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
  await renew();
  now += 58_000;
  expect(await open().due(10)).toEqual([]);
  now += 5000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
});

test("four sweeps at once over 60 leases: each is given to one", async () => {
  const keys = Array.from({ length: 60 }, (_, i) => ({ tenant: `t${i % 3}`, pipelineId: `p${i}` }));
  await Promise.all(keys.map((key) => lease(key, 10)));
  now += 13_000;
  const sweeps = await Promise.all([1, 2, 3, 4].map(() => open().due(100)));
  expect(idsOf(sweeps.flat()).sort()).toEqual(keys.map(({ pipelineId }) => pipelineId).sort());
  expect(await open().due(100)).toEqual([]);
});

test("who loses one to another sweep reads one more for it, not another page", async () => {
  const backend = open();
  const lookAt = new Date(now - 1000).toISOString();
  for (let i = 0; i < 100; i++)
    await backend.commit([
      await saving({ tenant: "t", pipelineId: `p${i}` }, 0, "v1", { effects: { lookAt } }),
    ]);
  dynamo.requests.length = 0;
  dynamo.fail({ how: "conflict", operation: "UpdateItem" });
  expect((await open().due(10)).length).toBe(10);
  const read = dynamo.requests.filter(({ body }) => body.IndexName).map(({ listed }) => listed);
  expect(read.reduce((all, each) => all + each)).toBeLessThanOrEqual(12);
});

test("a record that cannot be read does not keep the sweep from the others", async () => {
  const keys = ["a", "b", "c"].map((pipelineId) => ({ tenant: "t", pipelineId }));
  for (const key of keys) await lease(key, 10);
  const items = await dynamo.scan(table);
  const item = (pipelineId: string) => items.find(({ pk }) => pk!.S === `t/${pipelineId}`)!;
  await dynamo.put(table, { ...item("a"), head: { B: new Uint8Array([1, 2, 3]) } });
  await dynamo.put(table, { ...item("b"), format: { N: "2" } });
  now += 13_000;
  expect(idsOf(await open().due(10))).toEqual(["c"]);
  now += 61_000;
  expect(idsOf(await open().due(10))).toEqual(["c"]);
});

test("a claim whose answer is lost is nobody's for a minute, and then another's", async () => {
  await lease(KEY, 10);
  now += 13_000;
  dynamo.fail({ how: "dropAfter", operation: "UpdateItem" });
  await expect(open().due(10)).rejects.toThrow();
  expect(await open().due(10)).toEqual([]);
  now += 61_000;
  expect(idsOf(await open().due(10))).toEqual(["p"]);
});

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { MOST_NAMES } from "../../src/backends/sums.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";

const KEY = { tenant: "t", scope: "metrics" };
let dynamo: DynamoServer;

beforeAll(async () => {
  dynamo = await startDynamo();
});
beforeEach(() => {
  dynamo.requests.length = 0;
});
afterAll(() => dynamo.stop());

async function open() {
  const table = await dynamo.makeTable();
  return { table, backend: dynamodbBackend({ ...dynamo, table }) };
}

test("adding, reading and forgetting are one request each, and 512 names fit into its expression", async () => {
  const { backend } = await open();
  const names = Array.from({ length: MOST_NAMES }, (_, i) => String(i).padEnd(200, "."));
  await backend.add(KEY, Object.fromEntries(names.map((name) => [name, 0.1])));
  await backend.sums(KEY);
  await backend.clearSums(KEY);
  const operations = dynamo.requests.map(({ operation }) => operation);
  expect(operations).toEqual(["UpdateItem", "GetItem", "BatchWriteItem"]);
  const { UpdateExpression, ExpressionAttributeNames } = dynamo.requests[0]!.body;
  expect(UpdateExpression.length).toBeLessThanOrEqual(4096);
  expect(new Set(Object.values(ExpressionAttributeNames))).toEqual(
    new Set(["format", ...names.map((name) => `+${name}`)]),
  );
});

test("a sum of what has many digits stays within the 38 that DynamoDB holds", async () => {
  const { backend, table } = await open();
  const tail = 1.2345678901234567;
  for (const n of [tail * 1e17, tail, tail * 1e-3, tail * 1e-9, tail * 1e-30]) await backend.add(KEY, { n });
  const [item] = await dynamo.scan(table);
  expect(item!["+n"]!.N!.replace(/\D/g, "").length).toBeLessThanOrEqual(38);
  expect((await backend.sums(KEY)).n).toBe(tail * 1e17 + tail);
});

test.each(["throttled", "slow"] as const)("%s: nothing was added, so it is sent again", async (how) => {
  const { backend } = await open();
  dynamo.fail({ how, operation: "UpdateItem", times: 2 });
  await backend.add(KEY, { n: 1 });
  expect(await backend.sums(KEY)).toEqual({ n: 1 });
});

test.each([
  ["error", 0],
  ["drop", 0],
  ["errorAfter", 1],
  ["dropAfter", 1],
] as const)("%s: it may have been added, and is sent once", async (how, landed) => {
  const { backend } = await open();
  dynamo.fail({ how, operation: "UpdateItem" });
  await expect(backend.add(KEY, { n: 1 })).rejects.toMatchObject({ code: "backend_unavailable" });
  expect(dynamo.requests.length).toBe(1);
  expect((await backend.sums(KEY)).n ?? 0).toBe(landed);
});

test("sums of a later format are neither read nor added to", async () => {
  const { backend, table } = await open();
  const item = { pk: { S: "t/sums/metrics" }, sk: { S: "sums" }, format: { N: "2" }, "+n": { N: "1" } };
  await dynamo.put(table, item);
  for (const call of [backend.add(KEY, { n: 1 }), backend.sums(KEY)])
    await expect(call).rejects.toMatchObject({ code: "unsupported_format", status: 503 });
  expect(await dynamo.scan(table)).toEqual([item]);
});

import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import { type DynamodbOptions, dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { tableDefinition } from "../../src/backends/dynamodb/definition.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { localService } from "../http/fixture.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";

let dynamo: DynamoServer;
let s3: S3Server;
let table: string;

beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
beforeEach(async () => {
  table = await dynamo.makeTable();
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

const STATE = "/v1/pipelines/p/state";
const BINARY = { headers: { "Content-Type": "application/octet-stream" } };
const bucket = (options: object = {}) =>
  s3Store({ ...s3, endpoint: s3.url, client: "sdk", prefix: table, ...options });
const serve = (options: Partial<DynamodbOptions> = {}) =>
  localService({ backend: dynamodbBackend({ ...dynamo, table, ...options }) });

test("a state of 20 MB is saved and loaded, its frame on S3", async () => {
  const content = noise(20_000_000);
  expect((await serve({ s3: bucket() }).put(STATE, content, BINARY)).status).toBe(201);
  const loaded = await serve({ s3: bucket() }).get(STATE);
  expect(Buffer.compare(loaded.bytes, content)).toBe(0);
}, 30_000);

test("without a bucket a frame that no item holds is 413, and nothing is written", async () => {
  const answer = await serve().put(STATE, noise(400_000), BINARY);
  expect([answer.status, answer.json().code]).toEqual([413, "too_large"]);
  expect(await dynamo.scan(table)).toEqual([]);
  expect((await serve().put(STATE, noise(380_000), BINARY)).status).toBe(201);
  expect((await serve().get(STATE)).bytes.length).toBe(380_000);
});

test("what DynamoDB asks to send again is sent again, and nobody is told", async () => {
  const service = serve({ s3: bucket(), inlineBytes: 0 });
  for (const how of ["throttled", "slow"] as const) dynamo.fail({ how, operation: "UpdateItem", times: 2 });
  s3.fail({ how: "slowDown", method: "PUT", times: 2 });
  expect((await service.put(STATE, { n: 1 })).status).toBe(201);
  dynamo.fail({ how: "throttled", operation: "GetItem", times: 3 });
  expect((await service.get(STATE)).status).toBe(200);
});

describe("readiness", () => {
  test("is ready with a bucket and without", async () => {
    for (const options of [{}, { s3: bucket() }]) {
      const answer = await serve(options).get("/ready");
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        200,
        { ready: true, backend: "dynamodb", problems: [] },
      ]);
    }
  });

  const told = async (options: Partial<DynamodbOptions>) => {
    const answer = await serve(options).get("/ready");
    expect(answer.status).toBe(503);
    expect(answer.text).not.toMatch(/hush|TESTKEY|127\.0\.0\.1|cairn-\d/);
    return (JSON.parse(answer.text) as { problems: string[] }).problems;
  };

  test("a table that is not there, nobody at the address", async () => {
    expect(await told({ table: "cairn-99" })).toEqual(["There is no such table in DynamoDB."]);
    expect(await told({ endpoint: "http://127.0.0.1:9" })).toEqual(["DynamoDB does not answer."]);
  }, 20_000);

  test("credentials that are not known", async () => {
    dynamo.fail({ how: "denied", operation: "DescribeTable" });
    const credentials = { accessKeyId: "TESTKEY", secretAccessKey: "hush" };
    expect(await told({ credentials })).toEqual(["DynamoDB does not know these credentials."]);
    dynamo.fail({ how: "denied", operation: "UpdateItem" });
    const answer = await serve({ credentials }).put(STATE, { n: 1 });
    expect([answer.status, answer.json().code]).toEqual([503, "backend_unavailable"]);
    expect(answer.text).not.toMatch(/hush|TESTKEY|127\.0\.0\.1/);
  });

  test("wrong keys and indexes", async () => {
    const { endpoint, region, credentials } = dynamo;
    const client = new DynamoDBClient({ endpoint, region, credentials });
    const { GlobalSecondaryIndexes: indexes = [], AttributeDefinitions: attributes = [] } = tableDefinition;
    const make = (TableName: string, change: object) =>
      client.send(new CreateTableCommand({ ...tableDefinition, TableName, ...change }));
    const used = (names: string[]) =>
      attributes.filter(({ AttributeName }) => names.includes(AttributeName ?? ""));
    await make("no-due", {
      GlobalSecondaryIndexes: indexes.slice(0, 1),
      AttributeDefinitions: used(["pk", "sk", "tenant", "pipelineId"]),
    });
    await make("text-due", {
      AttributeDefinitions: attributes.map((each) =>
        each.AttributeName === "dueAt" ? { ...each, AttributeType: "S" } : each,
      ),
    });
    await make("other-keys", {
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: attributes.filter(({ AttributeName }) => AttributeName !== "sk"),
    });
    expect(await told({ table: "no-due" })).toEqual(["The index byDue is missing, not ACTIVE."]);
    expect(await told({ table: "text-due" })).toEqual([
      "The keys of the index byDue are not dueBucket (S), dueAt (N).",
    ]);
    expect(await told({ table: "other-keys" })).toEqual(["The table's keys are not pk (S), sk (S)."]);
    client.destroy();
  });

  test("a bucket that cannot be used", async () => {
    expect(await told({ s3: bucket({ bucket: "another" }) })).toEqual(["There is no such bucket."]);
    const credentials = { accessKeyId: "TESTKEY", secretAccessKey: "hush" };
    expect(await told({ s3: bucket({ credentials }) })).toEqual(["The secret access key is wrong."]);
  });
});

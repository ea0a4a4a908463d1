import { type AttributeValue, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { openClient } from "../../src/cli/local/redis.ts";
import type { DynamoServer } from "../../test/support/dynamo.ts";
import type { S3Server } from "../../test/support/s3-server/server.ts";

const TABLES = ["pipelines", "versions", "checkpoints", "events", "writes", "frames", "staged"];

/** Of all rows that are there now, with what is stored aside; without pages, indexes and dead rows. */
export async function bytesOfTables(runner: Runner): Promise<number> {
  const sums = TABLES.map((name) => `(SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM cairn.${name} t)`);
  const [row] = await runner.query(`SELECT (${sums.join(" + ")})::text AS bytes`, []);
  return Number(row!.bytes);
}

type Client = Awaited<ReturnType<typeof openClient>>;

/** Of all keys and what they hold, without what Redis needs to keep them. */
export async function bytesOfRedis(client: Client): Promise<number> {
  let bytes = 0;
  for (const name of await client.keys("*")) bytes += name.length + (await bytesOfKey(client, name));
  return bytes;
}

async function bytesOfKey(client: Client, name: string): Promise<number> {
  const sizes: Record<string, () => Promise<number>> = {
    string: () => client.strLen(name),
    hash: async () => lengths(Object.entries(await client.hGetAll(name)).flat()),
    list: async () => lengths(await client.lRange(name, 0, -1)),
    set: async () => lengths(await client.sMembers(name)),
    zset: async () => lengths(await client.zRange(name, 0, -1)) + 8 * (await client.zCard(name)),
  };
  return sizes[await client.type(name)]!();
}

function lengths(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** As DynamoDB counts an item: names and values. */
export async function bytesOfItems(
  { endpoint, region, credentials }: DynamoServer,
  TableName: string,
): Promise<number> {
  const client = new DynamoDBClient({ endpoint, region, credentials });
  let bytes = 0;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName, ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) }),
    );
    for (const item of page.Items ?? []) bytes += bytesOfMap(item);
    from = page.LastEvaluatedKey;
  } while (from);
  client.destroy();
  return bytes;
}

function bytesOfMap(map: Record<string, AttributeValue>): number {
  return Object.entries(map).reduce((sum, [name, value]) => sum + name.length + bytesOfValue(value), 0);
}

function bytesOfValue({ S, N, B, M }: AttributeValue): number {
  if (M) return 3 + bytesOfMap(M);
  return B?.length ?? Buffer.byteLength(S ?? N ?? "1");
}

export function bytesOfObjects({ objects }: S3Server): number {
  let bytes = 0;
  for (const [name, held] of objects) bytes += name.length + held.bytes.length;
  return bytes;
}

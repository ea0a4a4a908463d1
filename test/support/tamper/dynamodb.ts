import { type AttributeValue, DynamoDBClient, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { HEAD, partition } from "../../../src/backends/dynamodb/keys.ts";
import { frameKey } from "../../../src/backends/object/keys.ts";
import type { ObjectStore } from "../../../src/backends/object/store.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import type { DynamoServer } from "../dynamo.ts";
import type { Medium } from "./medium.ts";
import { ownObject } from "./object.ts";

type Item = Record<string, AttributeValue>;

/** Frames that are objects, and those that items hold: the head, or rows. */
export function dynamoMedium(
  { endpoint, region, credentials }: Pick<DynamoServer, "endpoint" | "region" | "credentials">,
  table: string,
  s3: ObjectStore | undefined,
): Medium {
  const client = new DynamoDBClient({ endpoint, region, credentials });

  async function* items(key: PipelineKey, sk?: string): AsyncGenerator<Item> {
    const values = { ":pk": { S: partition(key) }, ...(sk === undefined ? {} : { ":sk": { S: sk } }) };
    const condition = `pk = :pk${sk === undefined ? "" : " AND sk = :sk"}`;
    for (let from: Item | undefined, more = true; more; more = from !== undefined) {
      const found = await client.send(
        new QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: condition,
          ExpressionAttributeValues: values,
          ...(from ? { ExclusiveStartKey: from } : {}),
        }),
      );
      yield* found.Items ?? [];
      from = found.LastEvaluatedKey;
    }
  }

  async function holder(key: PipelineKey, frameId: string): Promise<string> {
    for await (const item of items(key)) if (item.frames?.M?.[frameId]) return item.sk!.S!;
    throw new Error("the frame is nowhere");
  }

  async function itemAt(key: PipelineKey, sk: string): Promise<Item> {
    for await (const item of items(key, sk)) return item;
    throw new Error("the item is gone");
  }

  return async (key, frameId) => {
    const own = frameKey(key, frameId);
    if (s3 && (await s3.get(own))) return ownObject(s3, own);
    const sk = await holder(key, frameId);
    return {
      where: sk === HEAD ? "head" : "row",
      async read() {
        const bytes = (await itemAt(key, sk)).frames?.M?.[frameId]?.B;
        return bytes ? new Uint8Array(bytes) : null;
      },
      async write(bytes) {
        const item = await itemAt(key, sk);
        const { [frameId]: _, ...others } = item.frames?.M ?? {};
        const frames = { M: { ...others, ...(bytes ? { [frameId]: { B: bytes } } : {}) } };
        await client.send(new PutItemCommand({ TableName: table, Item: { ...item, frames } }));
      },
    };
  };
}

import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { urlHandler } from "../../src/http/lambda.ts";

const { CAIRN_DYNAMO_ENDPOINT: endpoint = "", CAIRN_DYNAMO_TABLE: TableName = "" } = process.env;
const table = new DynamoDBClient({ endpoint });
const bucket = new S3Client({});

/** The same with both clients of `dynamodb`: one for the index, one for large frames. */
export const handler = urlHandler(async () => {
  const Key = { pk: { S: "none" }, sk: { S: "head" } };
  const { Item } = await table.send(new GetItemCommand({ TableName, Key }));
  return Response.json({ found: Item ?? "none", frames: bucket.config.forcePathStyle });
});

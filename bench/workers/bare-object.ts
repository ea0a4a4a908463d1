import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { urlHandler } from "../../src/http/lambda.ts";

const { CAIRN_S3_ENDPOINT: endpoint = "", CAIRN_S3_BUCKET: Bucket = "" } = process.env;
const client = new S3Client({ endpoint, forcePathStyle: true });

/** What Cairn's cold start on Lambda is measured against: AWS's client, and one read with it. */
export const handler = urlHandler(async () => {
  const read = new GetObjectCommand({ Bucket, Key: "none" });
  return Response.json({ found: await client.send(read).catch(({ name }: Error) => name) });
});

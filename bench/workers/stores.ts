import { startDynamo } from "../../test/support/dynamo.ts";
import { startS3 } from "../../test/support/s3-server/server.ts";

/** S3 and DynamoDB in a process of their own, which ends with its parent: what they hold is not the service's memory. */
const [s3, dynamo] = await Promise.all([startS3(), startDynamo()]);
const { url: endpoint, bucket, region, credentials } = s3;
const table = { endpoint: dynamo.endpoint, region: dynamo.region, credentials: dynamo.credentials };
process.on("disconnect", () => process.exit(0));
process.send!({
  s3: { endpoint, bucket, region, credentials },
  dynamo: { ...table, table: await dynamo.makeTable() },
});

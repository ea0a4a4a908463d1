import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { damaging } from "../support/tamper/damage.ts";
import { dynamoMedium } from "../support/tamper/dynamodb.ts";

let dynamo: DynamoServer;
let s3: S3Server;
beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

describe.each([
  ["frames inline and on S3", true],
  ["frames inline and in rows", false],
] as const)("dynamodb: %s", (_, onS3) => {
  backendContract(
    async () => {
      let ahead = 0;
      dynamo.clock.now = () => Date.now() + ahead;
      const table = await dynamo.makeTable();
      const frames = s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table });
      const damage = damaging(dynamoMedium(dynamo, table, onS3 ? frames : undefined));
      const open = () => {
        const options = { ...dynamo, table, now: dynamo.clock.now };
        return dynamodbBackend(onS3 ? { ...options, s3: frames } : options);
      };
      const advance = async (seconds: number) => {
        ahead += seconds * 1000;
      };
      return { backend: open(), damage, reopen: async () => open(), advance };
    },
    { describe, it, expect },
  );
});

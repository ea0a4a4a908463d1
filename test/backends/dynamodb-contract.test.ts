import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { damageable } from "./damageable.ts";

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
      const open = () => {
        const frames = onS3
          ? { s3: s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table }) }
          : {};
        return dynamodbBackend({ ...dynamo, table, ...frames, now: dynamo.clock.now });
      };
      const advance = async (seconds: number) => {
        ahead += seconds * 1000;
      };
      return { ...damageable(open()), reopen: async () => open(), advance };
    },
    { describe, it, expect },
  );
});

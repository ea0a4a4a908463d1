import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { damaging } from "../support/tamper/damage.ts";
import { objectMedium } from "../support/tamper/object.ts";

let s3: S3Server;
let subjects = 0;
beforeAll(async () => {
  s3 = await startS3({ pageSize: 50 });
});
afterAll(() => s3.stop());

describe.each(["sdk", "fetch"] as const)("object on S3, by the %s client", (client) => {
  backendContract(
    async () => {
      const prefix = `subject-${subjects++}`;
      const now = () => Date.now() + s3.clock.ahead;
      const store = () => s3Store({ ...s3, endpoint: s3.url, prefix, client });
      const open = () => objectBackend({ store: store(), now });
      const damage = damaging(objectMedium(store()));
      const advance = async (seconds: number) => {
        s3.clock.ahead += seconds * 1000;
      };
      return { backend: open(), damage, reopen: async () => open(), advance, exclusiveClaims: false };
    },
    { describe, it, expect },
  );
});

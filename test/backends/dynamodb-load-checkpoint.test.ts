import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { change, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { type DynamodbOptions, dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import { newCheckpointId } from "../../src/model/ids.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";
import { growing, KEY, land } from "./growing.ts";

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

const bucket = () => s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix: table });

function forget(): void {
  dynamo.requests.length = 0;
  s3.requests.length = 0;
}

describe.each([true, false])("with S3: %s", (onS3) => {
  const open = (options: Partial<DynamodbOptions> = {}) =>
    dynamodbBackend({ ...dynamo, table, ...(onS3 ? { s3: bucket() } : {}), ...options });

  /** Chains of which every version is a checkpoint: by its id the content. */
  async function checkpointed(sizes: readonly number[]) {
    const backend = open();
    const made = new Map<string, Uint8Array>();
    for (const [i, bytes] of sizes.entries()) {
      const grow = growing(backend, bytes, { checkpoints: true, from: 12 * i, first: 300 });
      for (let save = 0; save < 12; save++) {
        const { head, content } = await grow();
        made.set(head.lastCheckpoint!.checkpointId, content);
      }
    }
    return made;
  }

  test("a checkpoint is loaded in two rounds: head and row, then its frames", async () => {
    const made = await checkpointed([900, 6000, 30_000]);
    for (const [id, content] of made) {
      const [backend, release] = [open(), holdQueries()];
      forget();
      const found = (await backend.loadCheckpoint!(KEY, id))!;
      release();
      const decoded = await decodeFrame(KEY, found.record, found.frames);
      expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
      const operations = dynamo.requests.map(({ operation }) => operation);
      expect(operations.slice(0, 2).toSorted()).toEqual(["GetItem", "Query"]);
      expect(operations.slice(2)).toEqual(operations.length > 2 ? ["Query"] : []);
      const large = linksOf(found.record.frame).filter(({ storedBytes }) => storedBytes > 8192 / 3);
      expect(s3.requests.length).toBe(onS3 ? large.length : 0);
    }
  });
});

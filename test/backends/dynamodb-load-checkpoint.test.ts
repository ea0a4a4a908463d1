import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { change } from "../../src/backends/contract/support.ts";
import { type DynamodbOptions, dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import { newCheckpointId } from "../../src/model/ids.ts";
import { type DynamoRequest, type DynamoServer, startDynamo } from "../support/dynamo.ts";
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

  test("a checkpoint is loaded in two rounds: the head and its row, then its frames and no others", async () => {
    const made = await checkpointed([900, 6000, 30_000]);
    const reader = open();
    for (const [id, content] of made) {
      const links = linksOf((await reader.checkpoint(KEY, id))!.frame);
      const large = links.filter(({ storedBytes }) => storedBytes > SHARE).length;
      forget();
      const held = [
        dynamo.fail({ how: "held", operation: "GetItem", hold: until(() => queries().length === 1) }),
        dynamo.fail({
          ...HELD,
          match: isOfFrames,
          hold: until(() => s3.requests.length >= (onS3 ? large : 0)),
        }),
      ];
      const found = (await reader.loadCheckpoint!(KEY, id))!;
      for (const release of held) release();
      const decoded = await decodeFrame(KEY, found.record, found.frames);
      expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
      const [byId, ofFrames, ...others] = queries();
      expect([isOfFrames(byId!), others, dynamo.requests.length]).toEqual([false, [], ofFrames ? 3 : 2]);
      expect(s3.requests.length).toBe(onS3 ? large : 0);
      const ids = Object.values<string>(ofFrames?.body.ExpressionAttributeNames ?? {});
      expect(links.map(({ frameId }) => frameId)).toEqual(expect.arrayContaining(ids.filter(isFrame)));
    }
  });

  test("one that is known to be in the head is not looked for in rows", async () => {
    const backend = open();
    const { head } = await growing(backend, 900, { checkpoints: true })();
    forget();
    const id = head.lastCheckpoint!.checkpointId;
    expect((await backend.loadCheckpoint!(KEY, id))!.frames).not.toContain(null);
    expect(dynamo.requests.map(({ operation }) => operation)).toEqual(["GetItem"]);
  });

  test("one that moves from the head to a row meanwhile is found", async () => {
    const grow = growing(open(), 900, { checkpoints: true });
    const { head, content } = await grow();
    forget();
    const answered = until(() => queries()[0]?.status === 200);
    const hold = () => answered().then(async () => void (await grow()));
    dynamo.fail({ how: "held", operation: "GetItem", hold });
    const found = (await open().loadCheckpoint!(KEY, head.lastCheckpoint!.checkpointId))!;
    const decoded = await decodeFrame(KEY, found.record, found.frames);
    expect(decoded.ok && Buffer.compare(decoded.content, content)).toBe(0);
    expect(queries().filter((query) => !isOfFrames(query)).length).toBe(2);
  });

  test("what is not there, or was dropped, is null", async () => {
    const [dropped] = [...(await checkpointed([900])).keys()];
    const backend = open();
    await land(backend, change(KEY, { checkpoints: new Map([[dropped!, "drop" as const]]) }));
    expect(await backend.loadCheckpoint!(KEY, dropped!)).toBe(null);
    expect(await backend.loadCheckpoint!(KEY, newCheckpointId())).toBe(null);
  });
});

const SHARE = Math.floor(8192 / 3);
const HELD = { how: "held", operation: "Query" } as const;
const queries = () => dynamo.requests.filter(({ operation }) => operation === "Query");
const isOfFrames = ({ body }: DynamoRequest) => body.FilterExpression === undefined;
const isFrame = (name: string) => /^\d+-/.test(name);

function until(holds: () => boolean): () => Promise<void> {
  return async () => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
  };
}

import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { createApp } from "../../src/http/app.ts";
import { serveHttp } from "../../src/http/node-server.ts";
import { createCore } from "../../src/state/core.ts";
import { processorMs } from "../frames/report.ts";

/**
 * The service in a process of its own, which ends with its parent. Its argument: JSON of a `Place`. Asked by any
 * message, it tells the processor time that it has used, ms.
 */
export interface Place {
  /** In this process. */
  memory?: true;
  folder?: string;
  s3?: Omit<Parameters<typeof s3Store>[0], "client">;
  /** With `s3` for the frames. */
  dynamo?: Parameters<typeof dynamodbBackend>[0];
}

async function backendAt({ memory, folder, s3, dynamo }: Place): Promise<StorageBackend> {
  if (memory) return memoryBackend();
  if (folder !== undefined) return objectBackend({ store: await folderStore({ path: folder }) });
  const store = s3Store({ ...s3!, client: "fetch" });
  return dynamo ? dynamodbBackend({ ...dynamo, s3: store }) : objectBackend({ store });
}

const backend = await backendAt(JSON.parse(process.argv[2]!) as Place);
const { port } = await serveHttp(createApp({ core: createCore({ backend }), keys: null }));
process.on("disconnect", () => process.exit(0));
process.on("message", () => process.send!(processorMs()));
process.send!({ port });

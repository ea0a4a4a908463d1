import type { S3Location } from "../object/s3-client.ts";
import type { ObjectStore } from "../object/store.ts";
import type { StorageBackend } from "../types.ts";
import type { StoreSettings } from "./variables.ts";

/** The backend of a Node process; each driver is loaded when it is the one. */
export async function openInNode(settings: StoreSettings): Promise<StorageBackend> {
  switch (settings.store) {
    case "memory":
      return (await import("../memory.ts")).memoryBackend();
    case "folder": {
      const { folderStore } = await import("../object/folder.ts");
      // One machine, one clock: nobody's lease needs slack.
      return overObjects(await folderStore(settings), { clockSlackSeconds: 0 });
    }
    case "s3":
      return overObjects(await bucketOf(settings));
    case "dynamodb": {
      const { dynamodbBackend } = await import("../dynamodb/backend.ts");
      const { frames, ...location } = settings;
      return dynamodbBackend({ ...location, ...(frames && { s3: await bucketOf(frames) }) });
    }
    case "postgres":
      return (await import("../postgres/index.ts")).postgresBackend(settings);
    case "redis":
      return (await import("../redis/index.ts")).redisBackend(settings);
  }
  throw new Error(`Node has no ${settings.store}`);
}

async function overObjects(store: ObjectStore, options: { clockSlackSeconds?: number } = {}) {
  const { objectBackend } = await import("../object/backend.ts");
  return objectBackend({ store, ...options });
}

/** By AWS's client alone: the light one would only weigh in a function's package. */
async function bucketOf(location: S3Location): Promise<ObjectStore> {
  const { storeOver } = await import("../object/s3-store.ts");
  const { sdkClient } = await import("../object/s3-sdk.ts");
  return storeOver(sdkClient(location), location);
}

import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";

/** Where a store is, as can be told to another process. */
export type Place =
  | { redis: string }
  | { postgres: string }
  | { folder: string }
  | { s3: S3Place }
  | { dynamodb: Parameters<typeof dynamodbBackend>[0]; s3: S3Place };

type S3Place = Omit<Parameters<typeof s3Store>[0], "client">;

/** No call of a store takes longer: the service is to answer before its clients give up. */
const SECONDS = 2;

export async function backendAt(place: Place): Promise<StorageBackend> {
  if ("redis" in place)
    return redisBackend({
      transport: "tcp",
      url: place.redis,
      connectionTimeoutSeconds: SECONDS,
      commandTimeoutSeconds: SECONDS,
    });
  if ("postgres" in place)
    return postgresBackend({
      transport: "tcp",
      url: place.postgres,
      connectionTimeoutSeconds: SECONDS,
      timeoutSeconds: SECONDS,
    });
  if ("folder" in place) return objectBackend({ store: await folderStore({ path: place.folder }) });
  const store = s3Store({ ...place.s3, client: "fetch", timeoutSeconds: SECONDS });
  if (!("dynamodb" in place)) return objectBackend({ store });
  return dynamodbBackend({ ...place.dynamodb, timeoutSeconds: SECONDS, s3: store });
}

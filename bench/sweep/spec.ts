import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import type { DynamoLocation } from "../../src/backends/dynamodb/client.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { DUE_PREFIX, dueMinute } from "../../src/backends/object/keys.ts";
import { minuteOf } from "../../src/backends/object/markers.ts";
import { type S3Options, s3Store } from "../../src/backends/object/s3.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";

/** Where a store is, as JSON: a process is told, and opens it for itself. */
export type Spec = Place & {
  /** How far the clocks have been put on, those of the store and of whoever opens it from then on. */
  aheadMilliseconds?: number;
};

type Place =
  | { type: "postgres"; url: string }
  | { type: "redis"; port: number }
  | ({ type: "dynamodb" } & DynamoLocation)
  | ({ type: "s3" } & Pick<S3Options, "endpoint" | "bucket" | "region" | "credentials">)
  | { type: "folder"; path: string };

/** Of a server that takes 100 connections, for eight processes and those that watch them. */
const POOL = 6;

/**
 * Markers that a list of what is due has read, by name. A store lists pages: those of minutes to come were at the end
 * of one, or there was nothing else, and nobody looks at them.
 */
export type Listed = (due: string[], toCome: number) => void;

/** @param listed told what a list has read, where only the process knows */
export async function openStore(spec: Spec, listed: Listed = () => {}): Promise<StorageBackend> {
  switch (spec.type) {
    case "postgres":
      return postgresBackend({ transport: "tcp", url: spec.url, poolSize: POOL });
    case "redis":
      return redisBackend({ transport: "tcp", port: spec.port, ahead: () => spec.aheadMilliseconds ?? 0 });
    case "dynamodb":
      return dynamodbBackend(spec);
    case "s3":
      return objectBackend({ store: watched(s3Store({ client: "fetch", ...spec }), listed) });
    case "folder":
      return objectBackend({ store: watched(await folderStore({ path: spec.path, fsync: false }), listed) });
  }
}

function watched(store: ObjectStore, listed: Listed): ObjectStore {
  return {
    ...store,
    async list(prefix, page) {
      const found = await store.list(prefix, page);
      const due = found.keys.filter((name) => name < dueMinute(minuteOf(Date.now()) + 1));
      if (prefix === DUE_PREFIX) listed(due, found.keys.length - due.length);
      return found;
    },
  };
}

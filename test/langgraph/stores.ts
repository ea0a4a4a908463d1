import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { startS3 } from "../support/s3-server/server.ts";

export interface TestStore {
  backend: StorageBackend;
  stop(): Promise<unknown>;
}

/** Real servers, started for a test file. */
export const STORES = { object, postgres, redis } satisfies Record<string, () => Promise<TestStore>>;

async function object(): Promise<TestStore> {
  const server = await startS3();
  const store = s3Store({ ...server, endpoint: server.url, client: "fetch" });
  return { backend: objectBackend({ store }), stop: () => server.stop() };
}

async function postgres(): Promise<TestStore> {
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  return {
    backend: postgresBackend({ runner }),
    async stop() {
      await runner.close();
      await server.stop();
    },
  };
}

async function redis(): Promise<TestStore> {
  const server = await startRedis();
  const backend = redisBackend({ transport: "tcp", url: server.url });
  return {
    backend,
    async stop() {
      await backend.close();
      await server.stop();
    },
  };
}

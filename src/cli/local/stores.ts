import { randomUUID } from "node:crypto";

/** Servers of a store, started for one `npm start`: what they hold goes when they stop. */
export interface LocalStore {
  /** What the Worker must know to use it. */
  bindings: Record<string, string>;
  /** What the user is told. */
  about: string;
  stop(): Promise<void>;
}

/** What `npm start -- --backend` can start. A Worker speaks HTTP, so each has the front end that the cloud has. */
export const LOCAL_STORES: Readonly<Record<string, () => Promise<LocalStore>>> = { postgres, redis };

async function postgres(): Promise<LocalStore> {
  const { startPostgres } = await import("./postgres.ts");
  const { startNeon } = await import("./neon.ts");
  const { postgresRunner } = await import("../../backends/postgres/index.ts");
  const { migrate } = await import("../../backends/postgres/migrate.ts");
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(runner);
  await runner.close();
  const neon = await startNeon(server.url);
  return {
    bindings: { CAIRN_BACKEND: "postgres", DATABASE_URL: neon.url, CAIRN_NEON_ENDPOINT: neon.endpoint },
    about: `Data: a Postgres of its own (${server.url}), gone when this stops.`,
    async stop() {
      await neon.stop();
      await server.stop();
    },
  };
}

async function redis(): Promise<LocalStore> {
  const { startRedis } = await import("./redis.ts");
  const { startUpstash } = await import("./upstash.ts");
  const server = await startRedis();
  const upstash = await startUpstash(server.url, randomUUID());
  return {
    bindings: {
      CAIRN_BACKEND: "redis",
      UPSTASH_REDIS_REST_URL: upstash.url,
      UPSTASH_REDIS_REST_TOKEN: upstash.token,
    },
    about: `Data: a Redis of its own (${server.url}), gone when this stops.`,
    async stop() {
      await upstash.stop();
      await server.stop();
    },
  };
}

import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { startS3 } from "../support/s3-server/server.ts";

/** Real stores, and what a service must know to use them. */
export const STORES = {
  postgres: async () => {
    const server = await startPostgres();
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    await migrate(runner);
    await runner.close();
    return { env: { CAIRN_BACKEND: "postgres", DATABASE_URL: server.url }, stop: () => server.stop() };
  },
  redis: async () => {
    const server = await startRedis();
    return { env: { CAIRN_BACKEND: "redis", REDIS_URL: server.url }, stop: () => server.stop() };
  },
  s3: async () => {
    const server = await startS3();
    const env = {
      ...{ CAIRN_BACKEND: "object", CAIRN_S3_BUCKET: server.bucket, CAIRN_S3_ENDPOINT: server.url },
      ...{ AWS_REGION: server.region, AWS_ACCESS_KEY_ID: server.credentials.accessKeyId },
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    };
    return { env, stop: () => server.stop() };
  },
};

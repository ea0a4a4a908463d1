import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendContract, type Subject } from "../../src/backends/contract.ts";
import { type RedisOptions, redisBackend } from "../../src/backends/redis/index.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import { damaging } from "../support/tamper/damage.ts";
import { redisMedium } from "../support/tamper/redis.ts";

let redis: RedisServer;
let upstash: UpstashServer;
let client: Awaited<ReturnType<typeof openClient>>;

beforeAll(async () => {
  redis = await startRedis();
  upstash = await startUpstash(redis.url, "secret", { maxRequestBytes: 1_000_000 });
  client = await openClient(redis.url);
}, 120_000);

afterAll(async () => {
  client?.destroy();
  await upstash?.stop();
  await redis?.stop();
});

function subject(connection: () => RedisOptions): () => Promise<Subject> {
  return async () => {
    let ahead = 0;
    const open = () => redisBackend({ ...connection(), ahead: () => ahead });
    const backend = open();
    return {
      backend,
      reopen: async () => open(),
      damage: damaging(redisMedium(client)),
      advance: async (seconds) => {
        ahead += seconds * 1000;
      },
      cleanup: () => backend.close(),
    };
  };
}

describe("over TCP", () => {
  backendContract(
    subject(() => ({ transport: "tcp", url: redis.url })),
    { describe, it, expect },
  );
});

describe("over Upstash's REST", () => {
  backendContract(
    subject(() => ({ transport: "upstash", url: upstash.url, token: upstash.token })),
    { describe, it, expect },
  );
});

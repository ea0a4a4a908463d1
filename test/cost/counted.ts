import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { LOCAL_STORES } from "../../src/cli/local/stores.ts";
import type { Store, Work } from "../../src/cost/work.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";

/** A store that counts what it would be billed for. */
export interface CountedStore {
  /** As a new process opens it. */
  open(): StorageBackend;
  count(): Work;
  stop(): Promise<void>;
}

/** Each starts the servers it needs. */
export const COUNTED: Readonly<Record<Store, () => Promise<CountedStore>>> = {
  object: async () => {
    const s3 = await startS3();
    return {
      open: () => objectBackend({ store: s3Store({ ...s3, endpoint: s3.url, client: "fetch" }) }),
      count: () => ofS3(s3),
      stop: () => s3.stop(),
    };
  },
  dynamodb: async () => {
    const [dynamo, s3] = [await startDynamo(), await startS3()];
    const table = await dynamo.makeTable();
    const frames = s3Store({ ...s3, endpoint: s3.url, client: "fetch" });
    return {
      open: () => dynamodbBackend({ ...dynamo, table, s3: frames }),
      count: () => ({ ...ofS3(s3), ...ofDynamo(dynamo) }),
      async stop() {
        await dynamo.stop();
        await s3.stop();
      },
    };
  },
  postgres: async () => {
    const { bindings, stop } = await LOCAL_STORES.postgres!();
    const relay = await relayTo(bindings.CAIRN_NEON_ENDPOINT!);
    const at = {
      url: withPort(bindings.DATABASE_URL!, relay),
      endpoint: withPort(bindings.CAIRN_NEON_ENDPOINT!, relay),
    };
    const open = () => postgresBackend({ transport: "neon", ...at });
    return ofRelay(relay, () => relay.received, open, stop);
  },
  redis: async () => {
    const { bindings, stop } = await LOCAL_STORES.redis!();
    const relay = await relayTo(bindings.UPSTASH_REDIS_REST_URL!);
    const at = {
      url: withPort(bindings.UPSTASH_REDIS_REST_URL!, relay),
      token: bindings.UPSTASH_REDIS_REST_TOKEN!,
    };
    const open = () => redisBackend({ transport: "upstash", ...at });
    return ofRelay(relay, () => relay.sent + relay.received, open, stop);
  },
};

function ofS3({ requests }: S3Server): Work {
  const lists = (query: string) => query.includes("list-type");
  return {
    puts: requests.filter(({ method, query }) => method === "PUT" || lists(query)).length,
    gets: requests.filter(({ method, query }) => (method === "GET" && !lists(query)) || method === "HEAD")
      .length,
  };
}

/** A query is half a unit at least, though dynalite says none of one that finds nothing. */
const LEAST_READ = 0.5;
/** To move an item in an index is to take it out and to put it in, a unit each: dynalite tells of the table alone. */
const MOVED = 2;

function ofDynamo({ requests }: DynamoServer): Work {
  let [writeUnits, readUnits] = [0, 0];
  for (const { operation, body, units } of requests) {
    if (!/Write|Update/.test(operation)) readUnits += Math.max(units, LEAST_READ);
    else
      writeUnits +=
        units + (Object.values(body.ExpressionAttributeNames ?? {}).includes("dueAt") ? MOVED : 0);
  }
  return { writeUnits, readUnits };
}

/** @param bytes that are billed: Neon's that leave it, Upstash's of both ways */
function ofRelay(
  relay: Relay,
  bytes: () => number,
  open: () => StorageBackend,
  stop: () => Promise<void>,
): CountedStore {
  return {
    open,
    count: () => ({ calls: relay.exchanges, bytes: bytes() }),
    async stop() {
      await relay.stop();
      await stop();
    },
  };
}

function relayTo(url: string): Promise<Relay> {
  return startRelay(Number(new URL(url).port), { done: 0 });
}

function withPort(url: string, { port }: Relay): string {
  return Object.assign(new URL(url), { port: String(port) }).href;
}

import { afterAll, afterEach, beforeAll } from "vitest";
import { change } from "../../src/backends/contract/support.ts";
import { type RedisOptions, redisBackend } from "../../src/backends/redis/index.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import { CairnError, OutcomeUnknown } from "../../src/model/errors.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type Relay, startRelay } from "../support/relay.ts";

export type Kind = "tcp" | "upstash";

export const KINDS = ["tcp", "upstash"] as const;

/** A server, the ways to it, and a relay on each. */
export interface RedisRig {
  redis: RedisServer;
  upstash: UpstashServer;
  relays: Record<Kind, Relay>;
  /** Straight to the server. */
  client: Awaited<ReturnType<typeof openClient>>;
}

/** For the tests of one file: started before them, put right after each, stopped after all. */
export const rig = {} as RedisRig;
const opened: StorageBackend[] = [];
let names = 0;

export function useRig(): void {
  beforeAll(async () => {
    rig.redis = await startRedis({ "busy-reply-threshold": "50" });
    rig.upstash = await startUpstash(rig.redis.url, "secret");
    rig.relays = { tcp: await startRelay(rig.redis.port), upstash: await startRelay(rig.upstash.port) };
    rig.client = await openClient(rig.redis.url);
  }, 120_000);

  afterEach(async () => {
    rig.upstash.fault = null;
    for (const relay of Object.values(rig.relays)) relay.mode = "pass";
    await Promise.all(opened.splice(0).map((backend) => backend.close()));
  });

  afterAll(async () => {
    rig.client?.destroy();
    await Promise.all(Object.values(rig.relays ?? {}).map((relay) => relay.stop()));
    await rig.upstash?.stop();
    await rig.redis?.stop();
  });
}

/** A backend that reaches Redis through a relay. */
export function open(kind: Kind, options: Partial<RedisOptions> = {}): StorageBackend {
  const { port } = rig.relays[kind];
  const connection: RedisOptions =
    kind === "tcp"
      ? { transport: "tcp", host: "127.0.0.1", port }
      : { transport: "upstash", url: `http://127.0.0.1:${port}`, token: rig.upstash.token };
  return openWith({ ...connection, commandTimeoutSeconds: 1, ...options } as RedisOptions);
}

/** Closed after the test. */
export function openWith(options: RedisOptions): StorageBackend {
  const backend = redisBackend(options);
  opened.push(backend);
  return backend;
}

export function newKey(): PipelineKey {
  return { tenant: "outcomes", pipelineId: `p${++names}` };
}

/** What a call rejects with: `unknown`, or the code of a CairnError. */
export async function failure(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof OutcomeUnknown) return "unknown";
      return error instanceof CairnError ? error.code : String(error);
    },
  );
}

/** The server knows the script then, and the connection is there. */
export async function warm(backend: StorageBackend): Promise<void> {
  await backend.commit([change(newKey(), {})]);
}

/** Past all relays. */
export async function versionOf(key: PipelineKey): Promise<number | undefined> {
  const backend = openWith({ transport: "tcp", url: rig.redis.url });
  return (await backend.load(key))?.head.version;
}

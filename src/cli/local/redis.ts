import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { ensureProgram } from "./install.ts";
import { endServer, freePort, startServer } from "./server.ts";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Where its files are. */
  readonly folder: string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Starts again on the same port over the same files. */
  restart(): Promise<void>;
  /** Ends it and takes its files away. */
  stop(): Promise<void>;
}

/** Options of redis-server, as its configuration names them; a list where one takes several words. */
export type RedisConfig = Readonly<Record<string, string | readonly string[]>>;

const SAFE: RedisConfig = { appendonly: "yes", appendfsync: "always", save: "" };

/**
 * Starts Debian's redis-server on a free port of 127.0.0.1, in a folder of its own; installs it when missing. As `/ready` wants it,
 * unless `config` says otherwise.
 */
export async function startRedis(config: RedisConfig = {}): Promise<RedisServer> {
  ensureProgram("redis-server");
  const folder = await mkdtemp(join(tmpdir(), "cairn-redis-"));
  const port = await freePort();
  const all = { ...SAFE, ...config, bind: "127.0.0.1", port: String(port), dir: folder, daemonize: "no" };
  const remove = () => rm(folder, { recursive: true, force: true });
  let server = await run(all).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    ...{ port, folder },
    kill: () => endServer(server, "SIGKILL"),
    async restart() {
      server = await run(all);
    },
    async stop() {
      await endServer(server, "SIGKILL");
      await remove();
    },
  };
}

function run(config: RedisConfig): Promise<ChildProcess> {
  const args = Object.entries(config).flatMap(([name, value]) => [`--${name}`, value].flat());
  return startServer("redis-server", args, "Ready to accept connections");
}

/** A plain client, for what a test does behind the backend's back. Close it with `destroy()`. */
export async function openClient(url: string) {
  const client = createClient({ url, RESP: 2 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

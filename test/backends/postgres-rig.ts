import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { TcpOptions } from "../../src/backends/postgres/tcp.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type NeonServer, startNeon } from "../../src/cli/local/neon.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type Relay, startRelay } from "../support/relay.ts";

/** A server, and the ways to it. */
export interface Rig {
  server: PostgresServer;
  neon: NeonServer;
  relay: Relay;
  /** Straight to the server, for SQL. */
  admin: Runner;
  /** The same as a backend. */
  direct: StorageBackend;
  newKey(): PipelineKey;
  /** A client whose every byte goes through the relay. */
  relayed(options?: Partial<TcpOptions>): StorageBackend;
  overNeon(endpoint?: string, timeoutSeconds?: number): StorageBackend;
  stop(): Promise<void>;
}

export async function startRig(settings: Record<string, string> = {}): Promise<Rig> {
  const server = await startPostgres({ settings });
  const neon = await startNeon(server.url);
  const relay = await startRelay(Number(new URL(server.url).port));
  const admin = postgresRunner({ transport: "tcp", url: server.url });
  await migrate(admin);
  let pipelines = 0;
  return {
    ...{ server, neon, relay, admin },
    direct: postgresBackend({ runner: admin }),
    newKey: () => ({ tenant: "t", pipelineId: `p${++pipelines}` }),
    relayed(options = {}) {
      const url = Object.assign(new URL(server.url), { port: String(relay.port) }).href;
      return postgresBackend({ transport: "tcp", url, ...options });
    },
    overNeon(endpoint = neon.endpoint, timeoutSeconds = 30) {
      return postgresBackend({ transport: "neon", url: neon.url, endpoint, timeoutSeconds });
    },
    async stop() {
      await admin.close();
      await relay.stop();
      await neon.stop();
      await server.stop();
    },
  };
}

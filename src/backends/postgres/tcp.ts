import type { Pool, PoolClient } from "pg";
import { failureOf, once, type Row, type Runner } from "./runner.ts";

export interface TcpOptions {
  /** `postgres://user:password@host:port/database`, with `sslmode` and what else libpq knows. */
  url: string;
  /** Connections that are kept. @default 10 */
  poolSize?: number;
  /** Connections beyond those, made under load and closed when idle. @default 0 */
  maxOverflow?: number;
  /** How long a call waits for a connection. @default 10 */
  connectionTimeoutSeconds?: number;
  /** How long it waits for the answer. @default 30 */
  timeoutSeconds?: number;
}

/** Any Postgres over TCP, from Node. `pg` sends once, and names no prepared statements: poolers may stand between. */
export function tcpRunner(options: TcpOptions): Runner {
  const milliseconds = (options.timeoutSeconds ?? 30) * 1000;
  const calls = new Set<Promise<Row[]>>();
  const pool = once(
    () => openPool(options),
    async (open) => {
      // Once it is ending, the pool forgets those that wait for a connection.
      await Promise.allSettled(calls);
      await open.end();
    },
  );

  async function send(sql: string, params: readonly (string | null)[]): Promise<Row[]> {
    const client = await connect(await pool.get());
    try {
      // Its types miss the timeout of a single query.
      const config = { text: sql, values: [...params], query_timeout: milliseconds };
      const { rows } = await client.query(config);
      client.release();
      return rows;
    } catch (error) {
      const failure = failureOf(error, true);
      // A connection that did not answer may still be at work on the statement: it is closed.
      client.release(failure.effect === "unknown");
      throw failure;
    }
  }

  return {
    maxFrameBytes: 256 * 1024 ** 2,
    query(sql, params) {
      const call = send(sql, params).finally(() => calls.delete(call));
      calls.add(call);
      return call;
    },
    close: pool.close,
  };
}

async function openPool(options: TcpOptions): Promise<Pool> {
  const { default: pg } = await import("pg");
  const { poolSize = 10, maxOverflow = 0, connectionTimeoutSeconds = 10 } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    min: poolSize,
    max: poolSize + maxOverflow,
    connectionTimeoutMillis: connectionTimeoutSeconds * 1000,
    keepAlive: true,
    // The system's own is two hours: a connection that a firewall forgot would fail a call first.
    keepAliveInitialDelayMillis: 30_000,
    allowExitOnIdle: true,
    application_name: "cairn",
  });
  // Without listeners, a connection that dies would end the process: idle ones speak through the pool.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  return pool;
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw failureOf(error, false);
  }
}

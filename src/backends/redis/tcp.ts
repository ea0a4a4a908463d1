import { type Reply, ReplyError } from "./reply.ts";
import { type Argument, type Command, NotSent, type Transport } from "./transport.ts";

export interface TcpTransportOptions {
  /** `redis://user:password@host:port/db`, `rediss://` for TLS; or the parts below. */
  url?: string;
  /** @default "127.0.0.1" */
  host?: string;
  /** @default 6379 */
  port?: number;
  /** @default 0 */
  db?: number;
  username?: string;
  password?: string;
  /** How long a call waits for a connection. @default 5 */
  connectionTimeoutSeconds?: number;
  /** How long a call waits for its answer; then the connection is given up. @default 10 */
  commandTimeoutSeconds?: number;
}

type Client = Awaited<ReturnType<typeof open>>;

/**
 * Redis over TCP, for Node: one connection that calls share, and that is made anew in the background when it
 * breaks. Nothing waits in a queue to be sent later, nothing is sent twice.
 */
export function tcpTransport(options: TcpTransportOptions): Transport {
  const connectTimeout = (options.connectionTimeoutSeconds ?? 5) * 1000;
  const commandTimeout = (options.commandTimeoutSeconds ?? 10) * 1000;
  let current: Promise<Client> | null = null;
  let closed = false;

  function give(up: Promise<Client>): void {
    if (current === up) current = null;
    void up.then((client) => client.destroy()).catch(() => {});
  }

  async function send(commands: readonly Command[]): Promise<Reply[]> {
    if (closed) throw new NotSent("The connection was closed.");
    current ??= open(options, connectTimeout);
    const used = current;
    const client = await used;
    await connected(client, connectTimeout);
    const answers = Promise.all(commands.map((command) => sendOne(client, command)));
    // What a stalled server was sent may still be done: whoever waits behind it must not wait for that.
    return within(answers, commandTimeout, () => give(used));
  }

  async function close(): Promise<void> {
    closed = true;
    if (current) give(current);
  }

  return { name: "tcp", packing: "raw", send, weigh, close };
}

async function open(options: TcpTransportOptions, connectTimeout: number) {
  const { createClient, RESP_TYPES } = await import("@redis/client");
  const { url, host = "127.0.0.1", port = 6379, db, username, password } = options;
  const client = createClient({
    ...(url !== undefined && { url }),
    ...(db !== undefined && { database: db }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: { ...(url === undefined && { host, port }), connectTimeout, reconnectStrategy: backoff },
  });
  // Without a listener a broken connection ends the process. Who waits for one listens as well.
  client.on("error", () => {});
  client.connect().catch(() => {});
  return client;
}

/** Milliseconds before the next attempt to connect. */
function backoff(retries: number): number {
  return Math.min(50 * 2 ** retries, 2000) * (0.5 + Math.random() / 2);
}

const waiting = new WeakMap<Client, Promise<void>>();

/** Waits for a connection, but not after an attempt has failed. Calls that wait for the same one wait together. */
function connected(client: Client, timeout: number): Promise<void> {
  if (client.isReady) return Promise.resolve();
  const known = waiting.get(client);
  if (known) return known;
  const wait = attempt(client, timeout).finally(() => waiting.delete(client));
  waiting.set(client, wait);
  return wait;
}

function attempt(client: Client, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      clearTimeout(timer);
      client.off("ready", end).off("error", failed);
      if (error) reject(error);
      else resolve();
    };
    const failed = (cause: unknown) => end(new NotSent("No connection to Redis.", { cause }));
    const timer = setTimeout(() => failed(new Error("The connection took too long.")), timeout);
    client.once("ready", end).once("error", failed);
  });
}

async function sendOne(client: Client, command: Command): Promise<Reply> {
  try {
    return decode(await client.sendCommand(command.map(toArgument)));
  } catch (error) {
    const kind = error instanceof Error ? error.constructor.name : "";
    if (kind === "SimpleError" || kind === "BlobError") return new ReplyError((error as Error).message);
    if (kind === "ClientOfflineError" || kind === "ClientClosedError")
      throw new NotSent("The connection is broken.", { cause: error });
    throw error;
  }
}

function toArgument(argument: Argument): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

function decode(answer: unknown): Reply {
  if (Array.isArray(answer)) return answer.map(decode);
  if (typeof answer === "string") return Buffer.from(answer);
  return answer as Reply;
}

function within<T>(work: Promise<T>, milliseconds: number, late: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error("Redis took too long to answer."));
      late();
    }, milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** With its length in front (RESP). */
function weigh(argument: Argument): number {
  const length = typeof argument === "string" ? Buffer.byteLength(argument) : argument.length;
  return length + 16;
}

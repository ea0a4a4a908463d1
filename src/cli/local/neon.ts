import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";

export interface NeonServer {
  /** As the client takes it; host and port are the bridge's. */
  url: string;
  /** Where the client posts to. */
  endpoint: string;
  /** Requests answered so far. */
  requests(): number;
  /** Answers the next request, once its statement has run, with this status instead. */
  answerNext(status: number): void;
  /** When set: the status, if any, that a request is answered with instead, once its statement has run. */
  fault: ((request: string) => number | null) | null;
  stop(): Promise<void>;
}

interface Statement {
  query: string;
  params?: (string | null)[];
}

/** Neon's HTTP in front of any Postgres: `POST /sql` with a statement, or with several for one transaction. */
export async function startNeon(postgresUrl: string): Promise<NeonServer> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 20 });
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  let requests = 0;
  let instead: number | null = null;
  const expected = new URL(postgresUrl);

  const server = createServer(async (request, response) => {
    requests++;
    const text = await readText(request);
    const answer = await handle(pool, expected, request, text).catch(errorAnswer);
    const status = instead ?? neon.fault?.(text) ?? answer.status;
    instead = null;
    send(response, status, status === answer.status ? answer.body : { message: "injected" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = Object.assign(new URL(postgresUrl), { port: String(port) });

  const neon: NeonServer = {
    fault: null,
    url: url.href,
    endpoint: `http://127.0.0.1:${port}/sql`,
    requests: () => requests,
    answerNext: (status) => {
      instead = status;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
  return neon;
}

interface Answer {
  status: number;
  body: unknown;
}

async function handle(pool: pg.Pool, expected: URL, request: IncomingMessage, text: string): Promise<Answer> {
  if (request.method !== "POST" || request.url !== "/sql") return { status: 404, body: {} };
  const given = new URL(String(request.headers["neon-connection-string"]));
  const same = (["username", "password", "pathname"] as const).every(
    (part) => given[part] === expected[part],
  );
  if (!same)
    return {
      status: 400,
      body: { message: "password authentication failed", code: "28P01", severity: "FATAL" },
    };
  const body = JSON.parse(text) as Statement | { queries: Statement[] };
  const client = await pool.connect();
  let failure: unknown;
  try {
    return {
      status: 200,
      body: "queries" in body ? await transaction(client, body.queries) : await run(client, body),
    };
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    client.release(failure !== undefined && !(failure instanceof pg.DatabaseError));
  }
}

async function transaction(client: pg.PoolClient, queries: Statement[]) {
  await client.query("BEGIN");
  try {
    const results = [];
    for (const statement of queries) results.push(await run(client, statement));
    await client.query("COMMIT");
    return { results };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Raw text in arrays: what `Neon-Raw-Text-Output` and `Neon-Array-Mode` ask for. */
async function run(client: pg.PoolClient, { query, params = [] }: Statement) {
  const types = { getTypeParser: () => (value: unknown) => value };
  const result = await client.query({ text: query, values: params, rowMode: "array", types });
  const fields = result.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
  return { command: result.command, rowCount: result.rowCount, rows: result.rows, fields };
}

/** An SQL error is a 400 that carries it; anything else is the front's own failure. */
function errorAnswer(error: unknown): Answer {
  if (!(error instanceof pg.DatabaseError))
    return { status: 502, body: { message: "no answer from Postgres" } };
  const { message, code, severity, detail, where } = error;
  return { status: 400, body: { message, code, severity, detail, where } };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

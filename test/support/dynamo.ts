import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttributeValue,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
// @ts-expect-error it brings no types
import dynalite from "dynalite";
import { tableDefinition } from "../../src/backends/dynamodb/definition.ts";

/**
 * What goes wrong: nothing was done (`throttled`, `slow`, `invalid`, `denied`, `conflict`: the condition is said
 * to have failed, `error` 500, `drop` without an answer), or it was done and not told (`errorAfter`, `dropAfter`,
 * `stallAfter` with the connection left open, `late` after a time), or of a batch only the first was done
 * (`partly`), or it has to wait (`held`).
 */
export type DynamoFault =
  | "throttled"
  | "slow"
  | "invalid"
  | "denied"
  | "conflict"
  | "error"
  | "drop"
  | "errorAfter"
  | "dropAfter"
  | "stallAfter"
  | "late"
  | "partly"
  | "held";

export interface DynamoRule {
  how: DynamoFault;
  /** `UpdateItem`, `BatchWriteItem`… */
  operation?: string;
  match?: (request: DynamoRequest) => boolean;
  /** @default 1 */
  times?: number;
  /** How late `late` is, milliseconds. */
  lateBy?: () => number;
  /** Called when a request is `held`, which goes on when this resolves. */
  hold?: () => Promise<void>;
}

export interface DynamoRequest {
  operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the operation takes
  body: any;
  /** 0: it was not answered. */
  status: number;
  /** How many items the answer lists. */
  listed: number;
  /** What it is billed for the table, of reads or of writes; those of the indexes dynalite does not tell. */
  units: number;
}

export interface DynamoServer {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  requests: DynamoRequest[];
  /** The time that its answers tell, epoch milliseconds. */
  clock: { now(): number };
  /** Whether a failed condition brings the item along, as AWS does and dynalite does not. @default false */
  items: { told: boolean };
  /** Returns what takes the rule back. */
  fail(rule: DynamoRule): () => void;
  /** Resolves when nothing is still to come late. */
  settled(): Promise<void>;
  /** Makes a table with this content. Resolves with its name. */
  makeTable(items?: readonly Item[]): Promise<string>;
  scan(table: string): Promise<Item[]>;
  put(table: string, item: Item): Promise<void>;
  stop(): Promise<void>;
}

type Item = Record<string, AttributeValue>;

const REFUSED: Partial<Record<DynamoFault, [status: number, name: string, message: string]>> = {
  throttled: [400, "ProvisionedThroughputExceededException", "Rate exceeded"],
  slow: [400, "ThrottlingException", "Rate exceeded"],
  invalid: [400, "ValidationException", "Invalid"],
  denied: [400, "UnrecognizedClientException", "The security token included in the request is invalid."],
  conflict: [400, "ConditionalCheckFailedException", "The conditional request failed"],
  error: [500, "InternalServerError", "Internal"],
};

/** dynalite in this process, behind a front that counts requests and fails them as asked. */
export async function startDynamo(): Promise<DynamoServer> {
  const inner: Server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  const innerUrl = await listen(inner);
  const requests: DynamoRequest[] = [];
  const rules: DynamoRule[] = [];
  const clock = { now: Date.now };
  const items = { told: false };
  let tables = 0;

  const late = new Set<Promise<void>>();

  function nextFault(request: DynamoRequest): DynamoRule | undefined {
    const at = rules.findIndex(
      ({ operation, match }) =>
        (operation ?? request.operation) === request.operation && (match?.(request) ?? true),
    );
    const rule = rules[at];
    if (!rule) return undefined;
    rule.times = (rule.times ?? 1) - 1;
    if (rule.times <= 0) rules.splice(at, 1);
    return rule;
  }

  /** Carries a request out when its time has come, whoever still waits for it. */
  async function carryOutLate(lateBy: number, forward: () => Promise<unknown>): Promise<void> {
    const coming = new Promise((resolve) => setTimeout(resolve, lateBy)).then(
      async () => void (await forward()),
    );
    late.add(coming);
    await coming;
    late.delete(coming);
  }

  const front = createServer(async (message, response) => {
    const sent = await readAll(message);
    const operation = String(message.headers["x-amz-target"]).split(".")[1] ?? "";
    const request: DynamoRequest = {
      operation,
      body: JSON.parse(sent || "{}"),
      status: 0,
      listed: 0,
      units: 0,
    };
    requests.push(request);
    const rule = nextFault(request);
    const fault = rule?.how;
    if (fault === "held") await rule?.hold?.();
    if (fault === "drop") return message.socket.destroy();
    const refused = fault && REFUSED[fault];
    if (refused) return answer(response, request, refused[0], error(refused[1], refused[2]));
    const left = fault === "partly" ? takeAllButOne(request.body) : {};
    const target = String(message.headers["x-amz-target"]);
    const forward = (to: string, body: object) =>
      post(innerUrl, { ...message.headers, "x-amz-target": to }, body);
    if (fault === "late") {
      await carryOutLate(rule?.lateBy?.() ?? 100, () => forward(target, request.body));
      return message.socket.destroy();
    }
    const done = await forward(target, { ...request.body, ...(isBilled(operation) && BILL) });
    request.units = unitsIn(done.body);
    if (fault === "dropAfter") return message.socket.destroy();
    if (fault === "stallAfter") return undefined;
    if (fault === "errorAfter")
      return answer(response, request, 500, error("InternalServerError", "Internal"));
    const failedOn = request.body.ReturnValuesOnConditionCheckFailure && items.told && done.status === 400;
    if (failedOn && done.body.__type?.includes("ConditionalCheckFailed")) {
      const { TableName, Key } = request.body;
      const get = { TableName, Key, ConsistentRead: true };
      const { body } = await forward("DynamoDB_20120810.GetItem", get);
      if (body.Item) done.body.Item = body.Item;
    }
    return answer(response, request, done.status, { ...done.body, ...left });
  });

  function answer(response: ServerResponse, request: DynamoRequest, status: number, body: object): void {
    request.status = status;
    request.listed = (body as { Items?: unknown[] }).Items?.length ?? 0;
    response.sendDate = false;
    response.writeHead(status, {
      "content-type": "application/x-amz-json-1.0",
      date: new Date(clock.now()).toUTCString(),
    });
    response.end(JSON.stringify(body));
  }

  const endpoint = await listen(front);
  const access = { region: "eu-test-1", credentials: { accessKeyId: "TESTKEY", secretAccessKey: "secret" } };
  const client = new DynamoDBClient({ ...access, endpoint: innerUrl });
  const put = async (TableName: string, Item: Item) =>
    void (await client.send(new PutItemCommand({ TableName, Item })));
  const statusOf = async (TableName: string) =>
    (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus;
  return {
    ...{ endpoint, ...access, requests, clock, items, put },
    fail(rule) {
      const own = { ...rule };
      rules.push(own);
      return () => void (rules.includes(own) && rules.splice(rules.indexOf(own), 1));
    },
    async settled() {
      while (late.size > 0) await Promise.all(late);
    },
    async makeTable(content = []) {
      const TableName = `cairn-${++tables}`;
      await client.send(new CreateTableCommand({ ...tableDefinition, TableName }));
      // It is there a moment later; until then it is missing.
      while ((await statusOf(TableName)) !== "ACTIVE") await sleep(5);
      for (const item of content) await put(TableName, item);
      return TableName;
    },
    async scan(TableName) {
      const { Items, LastEvaluatedKey } = await client.send(
        new ScanCommand({ TableName, ConsistentRead: true }),
      );
      if (LastEvaluatedKey) throw new Error("the table has grown past one page");
      return Items ?? [];
    },
    async stop() {
      client.destroy();
      await close(front);
      await close(inner);
    },
  };
}

const BILL = { ReturnConsumedCapacity: "TOTAL" };

function isBilled(operation: string): boolean {
  return /Item$|^Query$|^Scan$/.test(operation);
}

/** Takes what a request is billed out of its answer, which it did not ask for. */
function unitsIn(body: { ConsumedCapacity?: Capacity | Capacity[] }): number {
  const { ConsumedCapacity: consumed = [] } = body;
  delete body.ConsumedCapacity;
  return [consumed].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
}

interface Capacity {
  CapacityUnits: number;
}

function takeAllButOne(body: DynamoRequest["body"]): object {
  const [table, requests] = Object.entries(body.RequestItems)[0] as [string, unknown[]];
  const left = requests.splice(1);
  return left.length > 0 ? { UnprocessedItems: { [table]: left } } : {};
}

async function post(url: string, headers: IncomingMessage["headers"], body: object) {
  const { host: _host, "content-length": _length, connection: _connection, ...others } = headers;
  const response = await fetch(url, {
    method: "POST",
    headers: others as HeadersInit,
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

function error(name: string, message: string): object {
  return { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message };
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

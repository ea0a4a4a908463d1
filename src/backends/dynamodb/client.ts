import type * as Sdk from "@aws-sdk/client-dynamodb";

export interface DynamoLocation {
  table: string;
  region: string;
  /** For anything but AWS itself: `http://127.0.0.1:8000`. */
  endpoint?: string;
  /** By default the SDK looks for them where AWS puts them. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** No request takes longer: then it is given up, and its outcome unknown. @default 10 */
  timeoutSeconds?: number;
}

/** The requests made of DynamoDB, each sent exactly once; the table's name is added. */
export interface Sender {
  update(input: Unnamed<Sdk.UpdateItemCommandInput>): Promise<Sdk.UpdateItemCommandOutput & { at?: number }>;
  get(input: Unnamed<Sdk.GetItemCommandInput>): Promise<Sdk.GetItemCommandOutput>;
  query(input: Unnamed<Sdk.QueryCommandInput>): Promise<Sdk.QueryCommandOutput>;
  /** Resolves with the keys that were not read. */
  getMany(keys: Sdk.KeysAndAttributes): Promise<{ items: Item[]; left: Sdk.KeysAndAttributes | undefined }>;
  /** Resolves with the requests that were not carried out. */
  writeMany(requests: Sdk.WriteRequest[]): Promise<Sdk.WriteRequest[]>;
  describe(): Promise<Sdk.TableDescription | undefined>;
  close(): Promise<void>;
}

type Unnamed<T> = Omit<T, "TableName">;
type Item = Record<string, Sdk.AttributeValue>;
type Opened = { sdk: typeof Sdk; client: Sdk.DynamoDBClient };

/** DynamoDB by AWS's own SDK, loaded with the first request. */
export function dynamoSender(location: DynamoLocation): Sender {
  const { table: TableName, timeoutSeconds = 10 } = location;
  let opening: Promise<Opened> | undefined;

  async function call<T>(run: (opened: Opened, options: { abortSignal: AbortSignal }) => Promise<T>) {
    opening ??= open(location);
    const opened = await opening;
    return run(opened, { abortSignal: AbortSignal.timeout(timeoutSeconds * 1000) });
  }

  return {
    update: (input) =>
      call(async ({ sdk, client }, options) => {
        const output = await client.send(new sdk.UpdateItemCommand({ ...input, TableName }), options);
        const at = Date.parse((output.$metadata as { date?: string }).date ?? "");
        // `Date` has whole seconds: on average the clock was half a second past it.
        return Number.isNaN(at) ? output : { ...output, at: at + 500 };
      }),
    get: (input) =>
      call(({ sdk, client }, options) =>
        client.send(new sdk.GetItemCommand({ ...input, TableName }), options),
      ),
    query: (input) =>
      call(({ sdk, client }, options) => client.send(new sdk.QueryCommand({ ...input, TableName }), options)),
    getMany: (keys) =>
      call(async ({ sdk, client }, options) => {
        const command = new sdk.BatchGetItemCommand({ RequestItems: { [TableName]: keys } });
        const { Responses, UnprocessedKeys } = await client.send(command, options);
        return { items: Responses?.[TableName] ?? [], left: UnprocessedKeys?.[TableName] };
      }),
    writeMany: (requests) =>
      call(async ({ sdk, client }, options) => {
        const command = new sdk.BatchWriteItemCommand({ RequestItems: { [TableName]: requests } });
        const { UnprocessedItems } = await client.send(command, options);
        return UnprocessedItems?.[TableName] ?? [];
      }),
    describe: () =>
      call(async ({ sdk, client }, options) => {
        const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName }), options);
        return Table;
      }),
    async close() {
      (await opening?.catch(() => undefined))?.client.destroy();
    },
  };
}

async function open({ region, endpoint, credentials }: DynamoLocation): Promise<Opened> {
  const sdk = await import("@aws-sdk/client-dynamodb");
  const client = new sdk.DynamoDBClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    // An update that is sent twice fails by the condition that its own first try has changed.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3000 },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { headers } = answer.response as { headers?: Record<string, string> };
      Object.assign(answer.output?.$metadata ?? {}, { date: headers?.date });
      return answer;
    },
    { step: "deserialize", priority: "high", name: "keepDate" },
  );
  return { sdk, client };
}

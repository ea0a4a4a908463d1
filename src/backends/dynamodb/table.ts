import type { KeysAndAttributes, TableDescription, WriteRequest } from "@aws-sdk/client-dynamodb";
import { OutcomeUnknown } from "../../model/errors.ts";
import type { Sender } from "./client.ts";
import { failureOf, pause, unavailable } from "./errors.ts";
import type { Item } from "./item.ts";
import type { ItemKey } from "./keys.ts";

/** A change of one item under a condition. `undefined` takes an attribute away. */
export interface Change {
  key: ItemKey;
  set: Readonly<Record<string, Item[string] | undefined>>;
  /** Attributes that get the value of another: `{dueAt: "waitsUntil"}`. */
  copy?: Readonly<Record<string, string>>;
  /** Numbers to add to attributes, which may be called anything. */
  add?: ReadonlyMap<string, Item[string]>;
  /** With `#name` for attributes and `:name` for `values`. */
  condition: string;
  values?: Item;
  /** Whether to be told the item as it is after the change. */
  returned?: boolean;
}

/** `item`: as it is now, where DynamoDB says so: after the change, or what its condition failed on. */
export type Changed = { ok: boolean; item: Item | undefined; at?: number };

export interface Query {
  /** Of an index; else of the table, read consistently. */
  index?: string;
  /** With `#name` and `:name`, as in `Change`. */
  where: string;
  values: Item;
  filter?: string;
  /** Attributes, or parts of them: `frames.#one` with the name in `names`. */
  only?: readonly string[];
  names?: Readonly<Record<string, string>>;
  descending?: boolean;
  /** Of a page; a function is asked before each. */
  limit?: number | (() => number);
}

/** The table, as patient as is safe: what DynamoDB says it has not done, and what changes nothing, is sent again. */
export interface Table {
  get(key: ItemKey): Promise<Item | undefined>;
  /** In any order, without those that are not there. */
  getMany(keys: readonly ItemKey[]): Promise<Item[]>;
  /** Page by page, in the order of the sort key. */
  query(query: Query): AsyncGenerator<Item[], void>;
  /**
   * Unconditional, in no order, not as one step: for rows, which may be written twice.
   *
   * @throws CairnError `backend_unavailable`, `too_large`: some may be there
   */
  write(puts: readonly Item[], deletes: readonly ItemKey[]): Promise<void>;
  /** @throws OutcomeUnknown when it may have been applied */
  change(change: Change): Promise<Changed>;
  describe(): Promise<TableDescription | undefined>;
  close(): Promise<void>;
}

const PATIENCE = 8;
const RESENDS = 2;
const WRITES_AT_ONCE = 25;
const READS_AT_ONCE = 100;

export function openTable(sender: Sender): Table {
  return {
    get: async (key) => (await patiently(() => sender.get({ Key: keyOf(key), ConsistentRead: true }))).Item,
    getMany: async (keys) => {
      const groups = chunks(keys.map(keyOf), READS_AT_ONCE);
      const found = await Promise.all(
        groups.map((Keys) => readGroup(sender, { Keys, ConsistentRead: true })),
      );
      return found.flat();
    },
    query: (query) => pages(sender, query),
    async write(puts, deletes) {
      const requests: WriteRequest[] = [
        ...puts.map((item) => ({ PutRequest: { Item: item } })),
        ...deletes.map((key) => ({ DeleteRequest: { Key: keyOf(key) } })),
      ];
      await Promise.all(chunks(requests, WRITES_AT_ONCE).map((group) => writeGroup(sender, group)));
    },
    change: (change) => apply(sender, change),
    describe: () => patiently(() => sender.describe()),
    close: () => sender.close(),
  };
}

/** Sends again what was not done, and what may be done twice. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const failure = failureOf(error);
      const tries = failure === "later" ? PATIENCE : failure === "unknown" ? 1 + RESENDS : 1;
      if (attempt >= tries) throw unavailable(error);
      await pause(attempt);
    }
  }
}

async function readGroup(sender: Sender, keys: KeysAndAttributes): Promise<Item[]> {
  const items: Item[] = [];
  let left: KeysAndAttributes | undefined = keys;
  for (let attempt = 0; left?.Keys?.length; attempt++) {
    if (attempt > 0) await pause(attempt);
    const asked: KeysAndAttributes = left;
    const answer = await patiently(() => sender.getMany(asked));
    items.push(...answer.items);
    left = answer.left;
    if (left && attempt === PATIENCE) throw unavailable(new Error("keys were left unread"));
  }
  return items;
}

async function writeGroup(sender: Sender, requests: WriteRequest[]): Promise<void> {
  let left = requests;
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt > PATIENCE) throw unavailable(new Error("items were left unwritten"));
    if (attempt > 0) await pause(attempt);
    const asked = left;
    left = await patiently(() => sender.writeMany(asked));
  }
}

async function* pages(sender: Sender, query: Query): AsyncGenerator<Item[], void> {
  const { index, where, values, filter, only, names, descending, limit } = query;
  const all = [where, filter ?? "", ...(only ?? []).map((name) => `#${name}`)].join(" ");
  const input = {
    ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
    KeyConditionExpression: where,
    ExpressionAttributeNames: { ...namesIn(all), ...names },
    ExpressionAttributeValues: values,
    ...(filter === undefined ? {} : { FilterExpression: filter }),
    ...(only === undefined ? {} : { ProjectionExpression: only.map((name) => `#${name}`).join(", ") }),
    ScanIndexForward: !descending,
  };
  for (let ExclusiveStartKey: Item | undefined; ; ) {
    const page = {
      ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      ...(limit === undefined ? {} : { Limit: typeof limit === "number" ? limit : limit() }),
    };
    const answer = await patiently(() => sender.query({ ...input, ...page }));
    ExclusiveStartKey = answer.LastEvaluatedKey;
    yield answer.Items ?? [];
    if (!ExclusiveStartKey) return;
  }
}

async function apply(sender: Sender, change: Change): Promise<Changed> {
  const input = updateOf(change);
  for (let attempt = 1; ; attempt++) {
    try {
      const { Attributes, at } = await sender.update(input);
      return { ok: true, item: Attributes, ...(at === undefined ? {} : { at }) };
    } catch (error) {
      const { name, Item: item } = error as { name?: string; Item?: Item };
      if (name === "ConditionalCheckFailedException") return { ok: false, item };
      const failure = failureOf(error);
      if (failure === "unknown") throw new OutcomeUnknown("The update may have landed.", { cause: error });
      if (failure !== "later" || attempt >= PATIENCE) throw unavailable(error);
      await pause(attempt);
    }
  }
}

function updateOf({
  key,
  set,
  copy = {},
  add = new Map(),
  condition,
  values = {},
  returned = false,
}: Change) {
  const entries = Object.entries(set);
  const kept = entries.filter(([, value]) => value !== undefined) as [string, Item[string]][];
  const gone = entries.filter(([, value]) => value === undefined).map(([name]) => `#${name}`);
  const sets = [
    ...kept.map(([name]) => `#${name} = :new_${name}`),
    ...Object.entries(copy).map(([to, from]) => `#${to} = #${from}`),
  ];
  const clauses = [`SET ${sets.join(", ")}`];
  if (gone.length > 0) clauses.push(`REMOVE ${gone.join(", ")}`);
  const sums = [...add].map(([name, value], i) => ({ name, value, letters: lettersOf(i) }));
  if (sums.length > 0) clauses.push(`ADD ${sums.map(({ letters }) => `#${letters} :${letters}`).join()}`);
  const UpdateExpression = clauses.join(" ");
  const fresh = Object.fromEntries(kept.map(([name, value]) => [`:new_${name}`, value]));
  const more = Object.fromEntries(sums.map(({ letters, value }) => [`:${letters}`, value]));
  const names = Object.fromEntries(sums.map(({ letters, name }) => [`#${letters}`, name]));
  const all = { ...fresh, ...more, ...values };
  return {
    Key: keyOf(key),
    UpdateExpression,
    ConditionExpression: condition,
    ExpressionAttributeNames: { ...namesIn(`${UpdateExpression} ${condition}`), ...names },
    ...(Object.keys(all).length > 0 ? { ExpressionAttributeValues: all } : {}),
    ...(returned ? { ReturnValues: "ALL_NEW" as const } : {}),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Of one or two, for an expression has 4 KB: 512 sums take nearly all of it. None of them is an attribute's name. */
function lettersOf(index: number): string {
  const [high, low] = [Math.floor(index / LETTERS.length), index % LETTERS.length];
  return (high > 0 ? LETTERS[high - 1]! : "") + LETTERS[low]!;
}

/** `#status` for `status`: many a plain name is a reserved word. */
function namesIn(expressions: string): Record<string, string> {
  const names = expressions.match(/#\w+/g) ?? [];
  return Object.fromEntries(names.map((name) => [name, name.slice(1)]));
}

function keyOf({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

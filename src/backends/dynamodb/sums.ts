import { OutcomeUnknown } from "../../model/errors.ts";
import { FORMAT } from "../../model/head.ts";
import { guard } from "../guard.ts";
import { checkedSums, type Sums } from "../sums.ts";
import type { StorageBackend } from "../types.ts";
import { unavailable } from "./errors.ts";
import { type Item, laterFormat, number } from "./item.ts";
import { type ItemKey, sumsKey } from "./keys.ts";
import type { Table } from "./table.ts";

/** What a sum's attribute begins with: those of keys and indexes have no such names. */
const MARK = "+";

/** One item for each key, which `ADD` changes. */
export function sumsOver(table: Table): Pick<StorageBackend, "add" | "sums" | "clearSums"> {
  return checkedSums({
    add: (key, increments) => guard(unavailable, () => add(table, sumsKey(key), increments)),
    sums: (key) => guard(unavailable, async () => sumsIn(await table.get(sumsKey(key)))),
    clear: (key) => guard(unavailable, () => table.write([], [sumsKey(key)])),
  });
}

async function add(table: Table, key: ItemKey, increments: Sums): Promise<void> {
  const change = {
    key,
    set: { format: number(FORMAT) },
    add: new Map([...increments].map(([name, value]) => [MARK + name, { N: decimal(value) }])),
    condition: "attribute_not_exists(#format) OR #format <= :new_format",
  };
  try {
    const { ok, item } = await table.change(change);
    if (!ok) throw laterFormat(item?.format?.N ?? "unknown");
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw unavailable(error.cause);
  }
}

function sumsIn(item: Item | undefined): Sums {
  const format = Number(item?.format?.N ?? FORMAT);
  if (format > FORMAT) throw laterFormat(format);
  const sums = Object.entries(item ?? {}).filter(([name]) => name.startsWith(MARK));
  return new Map(sums.map(([name, { N }]) => [name.slice(MARK.length), Number(N)]));
}

/**
 * DynamoDB adds decimals, and refuses a sum of more than 38 digits: for ever, if that has a long tail. So there are 20
 * behind the point at most, as numbers of 17 digits have that are not below 0.001.
 */
function decimal(value: number): string {
  return Math.abs(value) < 1e-3 ? value.toFixed(20) : String(value);
}

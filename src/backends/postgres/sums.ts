import { checkedSums } from "../sums.ts";
import type { StorageBackend, SumsKey } from "../types.ts";
import type { Query } from "./runner.ts";
import { ADD, CLEAR_SUMS, SUMS } from "./statements.ts";

/** @param query sends once */
export function sumsOver(query: Query): Pick<StorageBackend, "add" | "sums" | "clearSums"> {
  const place = ({ tenant, scope }: SumsKey) => [tenant, scope];
  return checkedSums({
    async add(key, increments) {
      await query(ADD, [...place(key), JSON.stringify(Object.fromEntries(increments))]);
    },
    async sums(key) {
      const rows = await query(SUMS, place(key));
      return new Map(rows.map(({ name, sum }) => [name!, Number(sum)]));
    },
    async clear(key) {
      await query(CLEAR_SUMS, place(key));
    },
  });
}

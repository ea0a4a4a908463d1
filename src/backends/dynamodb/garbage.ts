import { chainOf } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import type { ObjectStore } from "../object/store.ts";
import { chainKeys } from "./chain-rows.ts";
import type { Shelves } from "./frames.ts";
import { CHECKPOINTS, chainNamed, FRAMES, type ItemKey, OBJECTS, partition } from "./keys.ts";
import { listedFrames } from "./listed.ts";
import type { Table } from "./table.ts";

/** Deletes what nothing names any more (`HeadRecord.garbage`); what is not there is no error. */
export async function deleteGarbage(
  { table, s3 }: Shelves,
  key: PipelineKey,
  garbage: readonly string[],
): Promise<void> {
  const named = (prefix: string) => garbage.filter((name) => name.startsWith(prefix));
  await Promise.all([
    deleteRows(table, key, named(CHECKPOINTS), named(FRAMES).map(chainNamed)),
    s3 && deleteObjects(s3, key, named(OBJECTS).map(chainNamed)),
  ]);
}

/** The chains that must not be read any more. */
export function deadChains(garbage: readonly string[]): ReadonlySet<string> {
  return new Set(garbage.filter((name) => !name.startsWith(CHECKPOINTS)).map(chainNamed));
}

async function deleteRows(
  table: Table,
  key: PipelineKey,
  sks: readonly string[],
  chains: readonly string[],
): Promise<void> {
  const ofChains = await Promise.all(chains.map((chain) => chainKeys(table, key, chain, "all")));
  const others: ItemKey[] = sks.map((sk) => ({ pk: partition(key), sk }));
  await table.write([], [...others, ...ofChains.flat()]);
}

/** Found by one list from the first of the chains to the last: mostly they are of versions that follow each other. */
async function deleteObjects(s3: ObjectStore, key: PipelineKey, chains: readonly string[]): Promise<void> {
  const sorted = chains.map((chain) => `${chain}.`).sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return;
  const gone = new Set(chains);
  for await (const ids of listedFrames(s3, key, { prefix: shared(first, last), after: first })) {
    const own = ids.filter((frameId) => gone.has(chainOf({ frameId })));
    if (own.length > 0) await s3.delete(own.map((id) => frameKey(key, id)));
    if (ids.some((id) => id > last && !id.startsWith(last))) return;
  }
}

/** What both begin with. */
function shared(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

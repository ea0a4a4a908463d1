import type { PipelineKey } from "../../model/ids.ts";
import { framePrefix } from "./keys.ts";
import { pagesOf } from "./listing.ts";
import type { ObjectStore } from "./store.ts";

/**
 * Deletes what nothing names any more: objects, and all that begins with a prefix, which ends in a dot. However many
 * chains there are, the frames of the pipeline are listed once.
 */
export async function deleteGarbage(
  store: ObjectStore,
  key: PipelineKey,
  garbage: readonly string[],
): Promise<void> {
  const objects = garbage.filter((name) => !isPrefix(name));
  const prefixes = new Set(garbage.filter(isPrefix));
  await Promise.all([
    ...(objects.length > 0 ? [store.delete(objects)] : []),
    ...(prefixes.size > 0 ? [deleteChains(store, key, prefixes)] : []),
  ]);
}

const isPrefix = (name: string): boolean => name.endsWith(".");

async function deleteChains(
  store: ObjectStore,
  key: PipelineKey,
  prefixes: ReadonlySet<string>,
): Promise<void> {
  const all = framePrefix(key);
  for await (const { keys } of pagesOf(store, all)) {
    const gone = keys.filter((name) => prefixes.has(chainPrefixOf(name, all.length)));
    if (gone.length > 0) await store.delete(gone);
  }
}

/** Up to the dot after the chain's id: a pipeline's id may hold dots as well. */
function chainPrefixOf(name: string, idAt: number): string {
  return name.slice(0, name.indexOf(".", idAt) + 1);
}

import { saving } from "../../src/backends/contract/support.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import type { Recovery } from "../../src/model/pipeline.ts";

export const TENANT = "bench";
/** The fence of every pipeline that `fill` made. */
export const FIRST_FENCE = 1;

export interface Filling {
  /** What the ids begin with; a number follows, from 0. */
  prefix: string;
  count: number;
  ttlSeconds: number;
  recovery?: Recovery;
}

export const keyOf = (prefix: string, n: number) => ({ tenant: TENANT, pipelineId: `${prefix}-${n}` });

/** Makes pipelines with a state, each leased by `holder`, in one commit each, many in one call. */
export async function fill(
  { backend, batch }: { backend: StorageBackend; batch: number },
  filling: Filling,
): Promise<void> {
  for (let from = 0; from < filling.count; from += batch) {
    const size = Math.min(batch, filling.count - from);
    const commits = await Promise.all(Array.from({ length: size }, (_, i) => first(filling, from + i)));
    const refused = (await backend.commit(commits)).find(({ ok }) => !ok);
    if (refused) throw new Error(`a pipeline could not be made: ${JSON.stringify(refused)}`);
  }
}

function first({ prefix, ttlSeconds, recovery = {} }: Filling, n: number): Promise<Commit> {
  const effects = { settings: { recovery }, lease: { take: { owner: "holder", ttlSeconds } } };
  return saving(keyOf(prefix, n), 0, `state of ${prefix}-${n}`, { effects });
}

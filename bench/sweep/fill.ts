import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { saving } from "../../src/backends/contract/support.ts";
import type { Commit, CommitOutcome, StorageBackend } from "../../src/backends/types.ts";
import type { Recovery } from "../../src/model/pipeline.ts";
import type { Store } from "./stores.ts";

export const TENANT = "bench";
/** The fence of every pipeline that `fill` made. */
export const FIRST_FENCE = 1;

export interface Filling {
  /** What the ids begin with; a number follows, from `from` on. */
  prefix: string;
  count: number;
  /** @default 0 */
  from?: number;
  ttlSeconds: number;
  recovery?: Recovery;
}

export const keyOf = (prefix: string, n: number) => ({ tenant: TENANT, pipelineId: `${prefix}-${n}` });

/** Makes pipelines with a state, each leased by `holder`, in one commit each, many in one call. */
export async function fill(
  { backend, batch }: { backend: StorageBackend; batch: number },
  filling: Filling,
): Promise<void> {
  const { count, from: start = 0 } = filling;
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from);
    const commits = await Promise.all(
      Array.from({ length: size }, (_, i) => first(filling, start + from + i)),
    );
    const refused = (await commitAll(backend, commits)).find(({ ok }) => !ok);
    if (refused) throw new Error(`a pipeline could not be made: ${JSON.stringify(refused)}`);
  }
}

/** Patiently: many at once are much for a server on the same machine. What is there already is not done again. */
async function commitAll(
  backend: StorageBackend,
  commits: readonly Commit[],
  tries = 8,
): Promise<CommitOutcome[]> {
  try {
    return await backend.commit(commits);
  } catch (error) {
    if (tries <= 1) throw error;
    await sleep(Math.random() * 1000);
    return commitAll(backend, commits, tries - 1);
  }
}

const FILLER = fileURLToPath(new URL("../workers/filler.ts", import.meta.url));
const FILLERS = 4;

/** The same by processes side by side. */
export async function fillTogether({ spec, batch }: Store, filling: Filling): Promise<void> {
  const count = Math.ceil(filling.count / FILLERS);
  const shares = Array.from({ length: FILLERS }, (_, i) => i * count).filter((from) => from < filling.count);
  const ended = shares.map(async (from) => {
    const share = { ...filling, from, count: Math.min(count, filling.count - from) };
    const [code] = await once(fork(FILLER, [JSON.stringify({ spec, batch, filling: share })]), "exit");
    if (code !== 0) throw new Error(`a filler ended with ${code}`);
  });
  await Promise.all(ended);
}

function first({ prefix, ttlSeconds, recovery = {} }: Filling, n: number): Promise<Commit> {
  const effects = { settings: { recovery }, lease: { take: { owner: "holder", ttlSeconds } } };
  return saving(keyOf(prefix, n), 0, `state of ${prefix}-${n}`, { effects });
}

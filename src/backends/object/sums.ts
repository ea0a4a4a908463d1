import { CairnError } from "../../model/errors.ts";
import { newWriteId } from "../../model/ids.ts";
import { shuffled } from "../../model/shuffled.ts";
import { guard } from "../guard.ts";
import { added, checkedSums, type Sums } from "../sums.ts";
import type { StorageBackend, SumsKey } from "../types.ts";
import { pause, unavailable } from "./committer.ts";
import { decodeContainer, encodeContainer, type Upgrades } from "./container.ts";
import { sumsKey } from "./keys.ts";
import { type ObjectStore, type PutCondition, Throttled } from "./store.ts";

/** Part of the sums of a key: what was added goes to any of its shards, and the sums are those of all of them. */
interface Shard {
  tenant: string;
  scope: string;
  /** Of the last write: no two of them are the same bytes, and one whose answer was lost is known again. */
  writeId: string;
  sums: [name: string, sum: number][];
}

interface OpenedShard {
  condition: PutCondition;
  writeId: string | null;
  sums: Sums;
}

/** So many may write at once, each to its own: R2 takes one write a second of a key. */
const SHARDS = 4;
/** Who has not found a shard by then gives up. */
const PATIENCE_SECONDS = 10;

export function sumsOver(
  store: ObjectStore,
  upgrades: Upgrades,
): Pick<StorageBackend, "add" | "sums" | "clearSums"> {
  const names = (key: SumsKey) => Array.from({ length: SHARDS }, (_, shard) => sumsKey(key, shard));

  /** To any shard that nobody else is writing. */
  async function add(key: SumsKey, increments: Sums): Promise<void> {
    const order = shuffled(names(key));
    await patiently((writeId, attempt) =>
      change(order[attempt % SHARDS]!, key, writeId, (sums) => added(sums, increments)),
    );
  }

  /** Shards are emptied, not deleted: who was held up meets what he knows of, or another, but never none again. */
  async function clear(key: SumsKey): Promise<void> {
    const nothing: Sums = new Map();
    const empty = (sums: Sums) => (sums.size > 0 ? nothing : sums);
    await Promise.all(names(key).map((name) => patiently((writeId) => change(name, key, writeId, empty))));
  }

  /** False when nothing was changed: another was faster, or the store asks for fewer writes. */
  async function change(
    name: string,
    key: SumsKey,
    writeId: string,
    next: (sums: Sums) => Sums,
  ): Promise<boolean> {
    const { condition, sums } = await open(name, key);
    const changed = next(sums);
    if (changed === sums) return true;
    const { tenant, scope } = key;
    const { bytes } = await encodeContainer({ tenant, scope, writeId, sums: [...changed] }, new Map());
    try {
      return (await store.put(name, bytes, condition)) !== null;
    } catch (error) {
      if (error instanceof Throttled) return false;
      // A lost answer: it landed if it is there. If it is not, it may have been, or still come.
      if ((await open(name, key)).writeId === writeId) return true;
      throw error;
    }
  }

  async function open(name: string, key: SumsKey): Promise<OpenedShard> {
    const object = await store.get(name);
    if (!object) return { condition: "absent", writeId: null, sums: new Map() };
    const { record } = await decodeContainer<Shard>(object.bytes, upgrades);
    if (record.tenant !== key.tenant || record.scope !== key.scope)
      throw new CairnError("unrecoverable", "Stored sums are damaged: they belong to another.");
    return { condition: { ifMatch: object.etag }, writeId: record.writeId, sums: new Map(record.sums) };
  }

  async function sums(key: SumsKey): Promise<Sums> {
    const shards = await Promise.all(names(key).map((name) => open(name, key)));
    return shards.reduce((all: Sums, shard) => added(all, shard.sums), new Map());
  }

  return checkedSums({
    add: (key, increments) => guard(unavailable, () => add(key, increments)),
    sums: (key) => guard(unavailable, () => sums(key)),
    clear: (key) => guard(unavailable, () => clear(key)),
  });
}

/** Tries until it is done. @throws CairnError `backend_unavailable`: nothing was done */
async function patiently(run: (writeId: string, attempt: number) => Promise<boolean>): Promise<void> {
  const [writeId, end] = [newWriteId(), Date.now() + PATIENCE_SECONDS * 1000];
  for (let attempt = 0; Date.now() < end; attempt++) {
    if (await run(writeId, attempt)) return;
    await pause(attempt);
  }
  const detail = "Too many writers at once on these sums.";
  throw new CairnError("backend_unavailable", detail, { retryAfterSeconds: 1 });
}

import { chainOf, isPart, linksOf } from "../../model/chain.ts";
import { statesOf } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { chainRows } from "./chain-rows.ts";
import { type Frames, framesIn } from "./frames.ts";
import { chainNamed, FRAMES, isGathered, OBJECTS, revisionOf, sequenceOf } from "./keys.ts";
import { has } from "./ranges.ts";
import type { HeadRecord, Opened } from "./record.ts";
import { type Rows, rowCheckpoints } from "./rows.ts";
import type { Table } from "./table.ts";

/** What the state, the older versions and the checkpoints name. */
interface Named {
  chains: ReadonlySet<string>;
  frames: ReadonlySet<string>;
}

/** Whether it is a row or an object of frames: `f/` or `o/` and a name that begins with the chain. */
export const holdsFrames = (name: string) => name.startsWith(FRAMES) || name.startsWith(OBJECTS);

/** Those of the names, sort keys and `o/` with a frame's id, that nothing names; null when the head has moved on. */
export async function leftovers(
  store: Rows,
  key: PipelineKey,
  { record, frames }: Pick<Opened, "frames"> & { record: HeadRecord },
  names: readonly string[],
): Promise<string[] | null> {
  const records = names.filter((name) => isDeadRecord(record, name));
  const held = names.filter(holdsFrames);
  const named = held.length === 0 ? NONE : await namedBy(store, key, record);
  if (!named) return null;
  const chains = [...new Set(held.filter(isGathered).map(chainIn))].filter((chain) =>
    named.chains.has(chain),
  );
  const spare = await Promise.all(
    chains.map((chain) => spareRows(store.table, key, chain, named.frames, frames)),
  );
  const spared = new Set(spare.flat());
  return [...records, ...held.filter((name) => isUnnamed(named, name) || spared.has(name))];
}

const NONE: Named = { chains: new Set(), frames: new Set() };

/** Of checkpoints that were dropped, and of events of a pipeline that was deleted: written late, and never read. */
function isDeadRecord({ live, bornAfter }: HeadRecord, sk: string): boolean {
  const [sequence, revision] = [sequenceOf(sk), revisionOf(sk)];
  if (sequence !== null) return !has(live, sequence);
  return revision !== null && revision <= bornAfter;
}

async function namedBy(store: Rows, key: PipelineKey, record: HeadRecord): Promise<Named | null> {
  const older = await rowCheckpoints(store, key, record);
  if (!older) return null;
  const owners = [...statesOf(record.head), ...record.recent, ...older];
  const frames = owners.flatMap(({ frame }) => linksOf(frame).map(({ frameId }) => frameId));
  return { chains: new Set(owners.map(({ frame }) => chainOf(frame))), frames: new Set(frames) };
}

/** Of a chain that is named all parts stay: which of them its frames name is not known here. */
function isUnnamed({ chains, frames }: Named, name: string): boolean {
  if (!chains.has(chainIn(name))) return true;
  const frameId = chainNamed(name);
  return !isGathered(name) && !isPart(frameId) && !frames.has(frameId);
}

function chainIn(name: string): string {
  return chainOf({ frameId: chainNamed(name) });
}

/**
 * Rows of gathered frames that nobody needs. Of those that hold a frame the last one stays, for it is of the commit
 * that moved the frame out of the head, or the same: writers who lost had gathered earlier. So no two who collect at
 * the same time, and do not see the same rows, take all of them.
 */
async function spareRows(
  table: Table,
  key: PipelineKey,
  chain: string,
  named: ReadonlySet<string>,
  inHead: Frames,
): Promise<string[]> {
  const held = new Set(inHead.keys());
  const spare: string[] = [];
  for await (const items of table.query({ ...chainRows(key, chain, "gathered"), descending: true })) {
    for (const item of items) {
      const needed = framesIn(item).filter(([id]) => named.has(id) && !held.has(id));
      if (needed.length === 0) spare.push(item.sk!.S!);
      for (const [id] of needed) held.add(id);
    }
  }
  return spare;
}

import { chainOf, isPart, type Link } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Upgrades } from "./container.ts";
import { chainPrefix, frameKey } from "./keys.ts";
import { pagesOf } from "./listing.ts";
import { type Opened, readSegment, type SegmentRef } from "./record.ts";
import type { ObjectStore } from "./store.ts";

interface Source {
  store: ObjectStore;
  upgrades: Upgrades;
}

/** Frames up to this many stored bytes live inside the head and its segments. */
const INLINE_BYTES = 32 * 1024;

/** Whether a frame is an object of its own: a large one, or one that was staged. */
export function isObject({ frameId, storedBytes }: Link): boolean {
  return storedBytes > INLINE_BYTES || isPart(frameId);
}

/**
 * The stored bytes of frames, in order; null where there are none. The segments and objects that hold them are read
 * side by side, and the head only where a frame may be inside it.
 */
export async function readFrames(
  source: Source,
  key: PipelineKey,
  links: readonly Link[],
  open: () => Promise<Opened>,
): Promise<(Uint8Array | null)[]> {
  const small = links.filter((link) => !isObject(link));
  const inside = small.length > 0 ? framesInside(source, key, small, open) : null;
  const own = async (frameId: string) => (await source.store.get(frameKey(key, frameId)))?.bytes ?? null;
  return Promise.all(
    links.map(async (link) =>
      isObject(link) ? own(link.frameId) : ((await inside)!.get(link.frameId) ?? null),
    ),
  );
}

async function framesInside(
  source: Source,
  key: PipelineKey,
  links: readonly Link[],
  open: () => Promise<Opened>,
): Promise<Map<string, Uint8Array>> {
  const { record, frames } = await open();
  const chains = new Set(links.filter(({ frameId }) => !frames.has(frameId)).map(chainOf));
  const refs = (record?.segments ?? []).filter((ref) => ref.chains.some((chain) => chains.has(chain)));
  const found = await Promise.all(refs.map((ref) => framesIn(source, key, ref)));
  return new Map([...found.flat(), ...frames]);
}

/** Without those of chains that nothing names any more. */
async function framesIn(
  { store, upgrades }: Source,
  key: PipelineKey,
  { name, chains }: SegmentRef,
): Promise<[string, Uint8Array][]> {
  const segment = await readSegment(store, key, name, upgrades);
  return [...(segment?.frames ?? [])].filter(([frameId]) => chains.includes(chainOf({ frameId })));
}

/** The ids of the frames of a chain that were staged and are there. */
export async function stagedFrames(
  store: ObjectStore,
  key: PipelineKey,
  chain: string,
): Promise<Set<string>> {
  const prefix = chainPrefix(key, chain);
  const found = new Set<string>();
  for await (const { keys } of pagesOf(store, `${prefix}p`))
    for (const name of keys) found.add(chain + name.slice(prefix.length - 1));
  return found;
}

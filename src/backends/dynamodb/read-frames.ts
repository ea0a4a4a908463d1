import { chainOf, isPart, type Link } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import type { ObjectStore } from "../object/store.ts";
import { chainRows } from "./chain-rows.ts";
import { type Frames, framesIn, type Shelves } from "./frames.ts";
import { frameSk, partition } from "./keys.ts";
import type { Table } from "./table.ts";

type Found = [frameId: string, bytes: Uint8Array][];

/** The bytes of frames, in order: of those that the head has, and of the others, found elsewhere. */
export async function bytesOf(
  shelves: Shelves,
  key: PipelineKey,
  inHead: Frames,
  links: readonly Link[],
): Promise<(Uint8Array | null)[]> {
  const others = links.filter(({ frameId }) => !inHead.has(frameId));
  const outside = await readFrames(shelves, key, others);
  return links.map(({ frameId }) => inHead.get(frameId) ?? outside.get(frameId) ?? null);
}

/**
 * Frames that the head does not carry, in one round of requests at the same time. Each is looked for where one of its
 * size is put today, and what is missing there is looked for elsewhere.
 */
async function readFrames(
  shelves: Shelves,
  key: PipelineKey,
  links: readonly Link[],
): Promise<Map<string, Uint8Array>> {
  const { s3, share } = shelves;
  const isObject = (link: Link) => s3 !== undefined && (link.storedBytes > share || isStaged(link));
  const [objects, rows] = [links.filter(isObject), links.filter((link) => !isObject(link))];
  const found = new Map(await lookUp(shelves, key, objects, rows));
  const missing = (link: Link) => !found.has(link.frameId);
  // As they were placed under another limit, or before there was an object store.
  const elsewhere = await lookUp(shelves, key, rows.filter(missing), objects.filter(missing));
  return new Map([...found, ...elsewhere]);
}

/** Parts were staged: they have rows or objects of their own, however small, and are never in the head. */
const isStaged = ({ frameId }: Link) => isPart(frameId);

async function lookUp(
  { table, s3 }: Shelves,
  key: PipelineKey,
  objects: readonly Link[],
  rows: readonly Link[],
): Promise<Found> {
  const chains = Map.groupBy(
    rows.filter((link) => !isStaged(link)),
    chainOf,
  );
  const found = await Promise.all([
    readObjects(s3, key, objects),
    readParts(table, key, rows.filter(isStaged)),
    ...[...chains].map(([chain, links]) => readChain(table, key, chain, links)),
  ]);
  return found.flat();
}

async function readObjects(
  s3: ObjectStore | undefined,
  key: PipelineKey,
  links: readonly Link[],
): Promise<Found> {
  if (!s3) return [];
  const ids = [...new Set(links.map(({ frameId }) => frameId))];
  const read = await Promise.all(ids.map(async (id) => [id, await s3.get(frameKey(key, id))] as const));
  return read.flatMap(([id, object]): Found => (object ? [[id, object.bytes]] : []));
}

async function readParts(table: Table, key: PipelineKey, links: readonly Link[]): Promise<Found> {
  const sks = [...new Set(links.map(({ frameId }) => frameSk(frameId)))];
  if (sks.length === 0) return [];
  const items = await table.getMany(sks.map((sk) => ({ pk: partition(key), sk })));
  return items.flatMap(framesIn);
}

/** What rows hold of these: a chain's frames are asked for together, and those of later versions do not come along. */
async function readChain(
  table: Table,
  key: PipelineKey,
  chain: string,
  links: readonly Link[],
): Promise<Found> {
  const ids = [...new Set(links.map(({ frameId }) => frameId))];
  const wanted = ids.map((id, i) => [`#f${i}`, id] as const);
  const only = wanted.map(([name]) => `frames.${name}`);
  const rows = table.query({ ...chainRows(key, chain, "links"), only, names: Object.fromEntries(wanted) });
  const found: Found = [];
  for await (const items of rows) found.push(...items.flatMap(framesIn));
  return found;
}

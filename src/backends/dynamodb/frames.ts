import { CairnError } from "../../model/errors.ts";
import type { FrameRef } from "../../model/frame.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import type { ObjectStore } from "../object/store.ts";
import { pause, unavailable } from "./errors.ts";
import type { Item } from "./item.ts";
import { frameSk, partition } from "./keys.ts";
import type { Table } from "./table.ts";

/** Where frames go that the head does not carry. */
export interface Shelves {
  table: Table;
  /** Large frames; without it they are rows. */
  s3: ObjectStore | undefined;
  /** Frames up to this many bytes travel in the head, and move to a row when a checkpoint does. */
  inlineBytes: number;
}

/** What one row holds of a frame, in an item of at most 400 KB. */
export const LARGEST_ROW = 380 * 1024;

const TRIES = 4;
const place = (key: PipelineKey, frameId: string) => frameKey(key, frameId);

export function frameRow(key: PipelineKey, frameId: string, bytes: Uint8Array): Item {
  return { pk: { S: partition(key) }, sk: { S: frameSk(frameId) }, bytes: { B: bytes } };
}

/** The rows that large frames take where there is no object store. @throws CairnError `too_large` */
export function largeRows({ s3 }: Shelves, key: PipelineKey, large: ReadonlyMap<string, Uint8Array>): Item[] {
  if (s3) return [];
  for (const { length } of large.values()) if (length > LARGEST_ROW) throw tooLarge(length);
  return [...large].map(([id, bytes]) => frameRow(key, id, bytes));
}

/** Puts large frames where there is an object store. What they are called says what they hold: a put may be repeated. */
export async function putLarge(
  { s3 }: Shelves,
  key: PipelineKey,
  large: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  if (s3) await Promise.all([...large].map(([id, bytes]) => putObject(s3, place(key, id), bytes)));
}

async function putObject(s3: ObjectStore, name: string, bytes: Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await s3.put(name, bytes);
      return;
    } catch (error) {
      if (attempt === TRIES) throw unavailable(error);
      await pause(attempt + 2);
    }
  }
}

export async function deleteLarge({ s3 }: Shelves, key: PipelineKey, ids: readonly string[]): Promise<void> {
  if (s3 && ids.length > 0) await s3.delete(ids.map((id) => place(key, id)));
}

/** Frames that the head does not carry; each is looked for where one of its size is put today, then elsewhere. */
export async function readFrames(
  shelves: Shelves,
  key: PipelineKey,
  refs: readonly FrameRef[],
): Promise<Map<string, Uint8Array>> {
  const { s3, inlineBytes } = shelves;
  const large = (ref: FrameRef) => s3 !== undefined && ref.storedBytes > inlineBytes;
  const [objects, rows] = [refs.filter(large), refs.filter((ref) => !large(ref))];
  const found = await lookUp(shelves, key, objects, rows);
  const missing = (ref: FrameRef) => !found.has(ref.frameId);
  // As they were placed under another limit, or before there was an object store.
  const elsewhere = await lookUp(shelves, key, rows.filter(missing), objects.filter(missing));
  return new Map([...found, ...elsewhere]);
}

async function lookUp(
  { table, s3 }: Shelves,
  key: PipelineKey,
  objects: readonly FrameRef[],
  rows: readonly FrameRef[],
): Promise<Map<string, Uint8Array>> {
  const fitting = rows.filter((ref) => ref.storedBytes <= LARGEST_ROW);
  const keys = ids(fitting).map((id) => ({ pk: partition(key), sk: frameSk(id) }));
  const [items, read] = await Promise.all([
    keys.length > 0 ? table.getMany(keys) : [],
    Promise.all(s3 ? ids(objects).map(async (id) => [id, await s3.get(place(key, id))] as const) : []),
  ]);
  const found = new Map<string, Uint8Array>();
  for (const { sk, bytes } of items) found.set(sk!.S!.slice(frameSk("").length), new Uint8Array(bytes!.B!));
  for (const [id, object] of read) if (object) found.set(id, object.bytes);
  return found;
}

function ids(refs: readonly FrameRef[]): string[] {
  return [...new Set(refs.map((ref) => ref.frameId))];
}

function tooLarge(length: number): CairnError {
  const detail = `${length} bytes to store: without a bucket for frames DynamoDB takes ${LARGEST_ROW}.`;
  return new CairnError("too_large", detail);
}

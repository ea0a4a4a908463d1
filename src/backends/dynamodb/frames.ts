import { chainOf } from "../../model/chain.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { nodeCrypto } from "../node-crypto.ts";
import { frameKey } from "../object/keys.ts";
import type { ObjectStore } from "../object/store.ts";
import type { StagedFrame } from "../types.ts";
import { pause, unavailable } from "./errors.ts";
import { type Item, number } from "./item.ts";
import { frameSk, gatheredAt, partition } from "./keys.ts";
import type { Table } from "./table.ts";

/** Where frames go that the head does not carry. */
export interface Shelves {
  table: Table;
  /** Large frames; without it they are rows. */
  s3: ObjectStore | undefined;
  /** Frames up to this many bytes travel in the head first. */
  share: number;
  /** What the frames in the head may take together; when it is more, older ones move to rows. */
  inlineBytes: number;
}

/** What one row holds of frames, in an item of at most 400 KB. */
export const LARGEST_ROW = 380 * 1024;

const TRIES = 4;
/** What a frame's name and place in an item take, about. */
const NAME = 50;

export type Frames = ReadonlyMap<string, Uint8Array>;

/** A row that holds one frame: many writers may write it, all the same. */
function frameRow(key: PipelineKey, frameId: string, bytes: Uint8Array): Item {
  return rowOf(key, frameSk(frameId), [[frameId, bytes]]);
}

function rowOf(key: PipelineKey, sk: string, frames: readonly [string, Uint8Array][]): Item {
  const held = frames.map(([id, bytes]) => [id, { B: bytes }] as const);
  return { pk: { S: partition(key) }, sk: { S: sk }, frames: { M: Object.fromEntries(held) } };
}

/** As few rows as hold the frames: those of a chain together. `revision`: of the head that they were in. */
export function gatheredRows(key: PipelineKey, revision: number, frames: Frames): Item[] {
  const byChain = new Map<string, [string, Uint8Array][][]>();
  for (const frame of frames) {
    const chain = chainOf({ frameId: frame[0] });
    const rows = byChain.get(chain) ?? [];
    byChain.set(chain, rows);
    const last = rows.at(-1);
    if (last && roomIn(last) >= frame[1].length) last.push(frame);
    else rows.push([frame]);
  }
  return [...byChain].flatMap(([chain, rows]) =>
    rows.map((held) => rowOf(key, gatheredSk(chain, revision, held), held)),
  );
}

function roomIn(frames: readonly [string, Uint8Array][]): number {
  return LARGEST_ROW - frames.reduce((sum, [, { length }]) => sum + length + NAME, NAME);
}

/**
 * Of what a row holds, so that two writers who gather differently never write one row. Of the head's revision as well:
 * what was gathered from a head that is past is never gathered again, so that `collect` may delete it; and of all rows
 * that hold a frame, those of the last revision, which sort last, are the ones of the commit that moved it.
 */
function gatheredSk(chain: string, revision: number, frames: readonly [string, Uint8Array][]): string {
  const hash = nodeCrypto().createHash("sha256");
  for (const [id, bytes] of frames) hash.update(`${id} ${bytes.length}\n`).update(bytes);
  return gatheredAt(chain, revision) + hash.digest("hex").slice(0, 16);
}

/** Of an item that holds frames. */
export function framesIn(item: Item): [string, Uint8Array][] {
  return Object.entries(item.frames?.M ?? {}).map(([id, { B }]) => [id, new Uint8Array(B!)]);
}

/** With the writer's time: DynamoDB keeps none. */
export function stamped(rows: readonly Item[], now: number): Item[] {
  return rows.map((row) => ({ ...row, at: number(now) }));
}

/** The rows that large frames take where there is no object store. @throws CairnError `too_large` */
export function largeRows({ s3 }: Shelves, key: PipelineKey, large: Frames): Item[] {
  if (s3) return [];
  for (const { length } of large.values()) if (length > LARGEST_ROW) throw tooLarge(length);
  return [...large].map(([id, bytes]) => frameRow(key, id, bytes));
}

/** Puts large frames where there is an object store. What they are called says what they hold: a put may be repeated. */
export async function putLarge({ s3 }: Shelves, key: PipelineKey, large: Frames): Promise<void> {
  if (s3) await Promise.all([...large].map(([id, bytes]) => putObject(s3, frameKey(key, id), bytes)));
}

/** Stores frames under their names, ahead of their commit. @throws CairnError `too_large` */
export async function stageFrames(
  shelves: Shelves,
  key: PipelineKey,
  staged: readonly StagedFrame[],
  now: number,
): Promise<void> {
  const frames = new Map(staged.map(({ frameId, bytes }) => [frameId, bytes]));
  await Promise.all([
    shelves.table.write(stamped(largeRows(shelves, key, frames), now), []),
    putLarge(shelves, key, frames),
  ]);
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

function tooLarge(length: number): CairnError {
  const detail = `${length} bytes to store: without a bucket for frames DynamoDB takes ${LARGEST_ROW}.`;
  return new CairnError("too_large", detail);
}

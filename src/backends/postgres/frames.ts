import { type Link, linksOf } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Loaded, StagedFrame, StorageBackend } from "../types.ts";
import { decodeBytes, decodeCheckpoint, decodeHead } from "./decode.ts";
import { encodeStaged, plain } from "./encode.ts";
import { nameOf } from "./lists.ts";
import { inParts } from "./parts.ts";
import type { Query, Row } from "./runner.ts";
import { COLLECT, FRAMES, LOAD, LOAD_ALL, LOAD_CHECKPOINT, STAGE } from "./statements.ts";

/** What goes with each staged frame, about: many empty ones are large together. */
const STAGED_BYTES = 256;

/** Frames there and back, in as many statements as what one of them can carry needs: mostly one. */
export function framesOver(query: Query, maxFrameBytes: number) {
  async function frames(key: PipelineKey, links: readonly Link[]): Promise<(Uint8Array | null)[]> {
    const found: Row[] = [];
    for (const part of inParts(links, (link) => link.storedBytes, maxFrameBytes)) {
      const ids = JSON.stringify(part.map((link) => plain(link.frameId)));
      found.push(...(await query(FRAMES, [...nameOf(key), ids])));
    }
    return bytesOf(found, links);
  }

  async function load(key: PipelineKey, options: { frames?: boolean } = {}): Promise<Loaded | null> {
    const name = nameOf(key);
    const rows = options.frames
      ? await query(LOAD_ALL, [...name, String(maxFrameBytes)])
      : await query(LOAD, name);
    const own = rows.find((row) => row.frame_id === null);
    if (!own) return null;
    const head = decodeHead(own.content!);
    const links = options.frames && head.state ? linksOf(head.state.frame) : [];
    return { head, frames: await framesBeside(key, rows, links) };
  }

  const loadCheckpoint: StorageBackend["loadCheckpoint"] = async (key, checkpointId) => {
    const params = [...nameOf(key), plain(checkpointId), String(maxFrameBytes)];
    const rows = await query(LOAD_CHECKPOINT, params);
    const own = rows.find((row) => row.frame_id === null);
    if (!own) return null;
    const record = decodeCheckpoint(own.content!, key.pipelineId);
    return { record, frames: await framesBeside(key, rows, linksOf(record.frame)) };
  };

  /** Those that came with their record. Where none did, they are too many bytes for one answer, or none is there. */
  async function framesBeside(key: PipelineKey, rows: readonly Row[], links: readonly Link[]) {
    return rows.length > 1 ? bytesOf(rows, links) : frames(key, links);
  }

  async function stage(key: PipelineKey, staged: readonly StagedFrame[]): Promise<void> {
    for (const part of inParts(staged, ({ bytes }) => bytes.length + STAGED_BYTES, maxFrameBytes)) {
      const { parts, frames } = encodeStaged(part);
      await query(STAGE, [...nameOf(key), parts, frames]);
    }
  }

  async function collect(key: PipelineKey, olderThanSeconds: number): Promise<number> {
    const [row] = await query(COLLECT, [...nameOf(key), String(olderThanSeconds)]);
    return Number(row!.went);
  }

  return { load, loadCheckpoint, frames, stage, collect };
}

/** Of each link, in their order; null where the answer has none. */
function bytesOf(rows: readonly Row[], links: readonly Link[]): (Uint8Array | null)[] {
  const found = new Map(rows.map((row) => [row.frame_id, row.content!]));
  return links.map(({ frameId }) => (found.has(frameId) ? decodeBytes(found.get(frameId)!) : null));
}

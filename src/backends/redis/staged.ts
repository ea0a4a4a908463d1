import { newWriteId, type PipelineKey } from "../../model/ids.ts";
import type { StagedFrame } from "../types.ts";
import { impossible, notDone } from "./errors.ts";
import { frameName } from "./keys.ts";
import { collectScript, joinScript, noteScript } from "./lua/staged.ts";
import { pack, packedLength } from "./packing.ts";
import { PART_OVERHEAD, partLines, sendParts, sendWaiting, setWaiting } from "./parts.ts";
import { text } from "./reply.ts";
import { call } from "./script.ts";
import { checkLength, type StagingOptions, weigh } from "./staging.ts";
import type { Command } from "./transport.ts";

/** How long a staged frame waits for its commit. */
const STAGED_SECONDS = 3600;
const STAGED_MILLISECONDS = String(STAGED_SECONDS * 1000);

/** What a request of frames has about them: the script that notes them, and the names of keys. */
const STAGED_OVERHEAD = PART_OVERHEAD + JSON.stringify(noteScript).length;

/**
 * Stores frames ahead of their commit: small ones together, as many in one round trip as fit; one that is larger
 * than a request in parts, which the server puts together, so that it is there as a whole or not at all.
 *
 * @throws CairnError `backend_unavailable`, `insufficient_storage`, `too_large`
 */
export async function stageFrames(
  options: StagingOptions,
  key: PipelineKey,
  frames: readonly StagedFrame[],
): Promise<void> {
  const { transport } = options;
  for (const { bytes } of frames) checkLength(options, bytes);
  const room = roomOf(options);
  const fits = ({ bytes }: StagedFrame) => packedLength(bytes.length, transport.packing) <= room;
  for (const frame of frames.filter((each) => !fits(each))) await stageInParts(options, key, frame);
  for (const commands of requests(options, key, frames.filter(fits))) await sendWaiting(transport, commands);
}

/**
 * Takes away frames that were staged so long ago and that no commit has named. No head can come to name one of them
 * after that: a commit looks in its own step whether what it names is there.
 *
 * @returns how many went
 * @throws ReplyError, or what the transport does
 */
export async function collectStaged(
  { transport, keys, ahead }: StagingOptions,
  key: PipelineKey,
  olderThanSeconds: number,
): Promise<number> {
  const { staged, staging } = keys.of(key);
  const args = [staged, String(olderThanSeconds * 1000), String(ahead())];
  return Number(text(await call(transport, { script: collectScript, keys: [staging], args })));
}

function roomOf({ maxRequestBytes }: StagingOptions): number {
  return maxRequestBytes - STAGED_OVERHEAD;
}

/** Frames in requests that keep to the limit. One is made when the one before is gone: packing takes memory. */
function* requests(
  options: StagingOptions,
  key: PipelineKey,
  frames: readonly StagedFrame[],
): Generator<Command[]> {
  const { transport, keys } = options;
  const { staged } = keys.of(key);
  let commands: Command[] = [];
  let names: string[] = [];
  let room = roomOf(options);
  for (const { frameId, bytes } of frames) {
    const name = frameName(frameId);
    const command = setWaiting(staged + name, pack(bytes, transport.packing), STAGED_SECONDS);
    const takes = weigh(transport, [...command, name]);
    if (commands.length > 0 && takes > room) {
      yield [noting(options, key, names), ...commands];
      [commands, names, room] = [[], [], roomOf(options)];
    }
    commands.push(command);
    names.push(name);
    room -= takes;
  }
  if (commands.length > 0) yield [noting(options, key, names), ...commands];
}

function noting({ keys, ahead }: StagingOptions, key: PipelineKey, names: readonly string[]): Command {
  return ["EVAL", noteScript, "1", keys.of(key).staging, STAGED_MILLISECONDS, String(ahead()), ...names];
}

async function stageInParts(options: StagingOptions, key: PipelineKey, frame: StagedFrame): Promise<void> {
  const { transport, ahead } = options;
  // Parts of this call alone: who stages the same at the same time must not find them taken.
  const parts = await sendParts(options, key, newWriteId(), frame.bytes);
  const { staged, staging } = options.keys.of(key);
  const name = frameName(frame.frameId);
  const args = [partLines(parts), STAGED_MILLISECONDS, String(ahead()), name];
  let became: string;
  try {
    became = text(await call(transport, { script: joinScript, keys: [staged + name, staging], args }));
  } catch (cause) {
    throw notDone(cause);
  }
  if (became !== "joined") throw impossible(became);
}

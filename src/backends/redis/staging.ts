import { CairnError } from "../../model/errors.ts";
import type { Frame } from "../../model/frame.ts";
import type { Commit } from "../types.ts";
import { type Carried, commitCall, framesOf, withFrames } from "./arguments.ts";
import { commitScript } from "./lua/commit.ts";
import { pack, packedLength } from "./packing.ts";
import { PART_OVERHEAD, type PartsOptions, sendParts } from "./parts.ts";
import { commandOf, type ScriptCall } from "./script.ts";
import type { Command, Transport } from "./transport.ts";

export interface StagingOptions extends PartsOptions {
  maxFrameBytes: number;
  ahead: () => number;
}

/** The script itself, should the server not know it. */
export const SCRIPT_BYTES = JSON.stringify(commitScript).length;

/** What a command takes in a request, bytes. */
export function weigh(transport: Transport, command: Command): number {
  return command.reduce((sum, argument) => sum + transport.weigh(argument), 0);
}

/**
 * The call that makes a commit. Frames that fit go with it; others are stored before, in parts that expire
 * unless the commit makes frames of them.
 *
 * @throws CairnError `backend_unavailable` when a part could not be stored, `too_large` when what is left of
 *   the commit does not fit in one request
 */
export async function prepare(options: StagingOptions, commit: Commit): Promise<ScriptCall> {
  const { transport, keys, maxRequestBytes } = options;
  const bare = commitCall(keys, commit, options.ahead());
  const limit = maxRequestBytes - SCRIPT_BYTES;
  let room = limit - PART_OVERHEAD - weigh(transport, commandOf(bare));
  const frames: Partial<Record<"state" | "data", Carried>> = {};
  for (const [name, frame] of Object.entries(framesOf(commit)) as ["state" | "data", Frame][]) {
    checkLength(options, frame.bytes);
    const takes = packedLength(frame.bytes.length, transport.packing);
    const fits = takes <= room;
    if (fits) room -= takes;
    frames[name] = fits
      ? { bytes: pack(frame.bytes, transport.packing) }
      : { parts: await sendParts(options, commit.key, commit.writeId, frame.bytes) };
  }
  const call = withFrames(bare, frames);
  if (weigh(transport, commandOf(call)) <= limit) return call;
  throw tooLarge("What the write says beside its state");
}

/** @throws CairnError `too_large` */
export function checkLength({ maxFrameBytes }: StagingOptions, bytes: Uint8Array): void {
  if (bytes.length > maxFrameBytes) throw tooLarge("The state or the data");
}

function tooLarge(what: string): CairnError {
  return new CairnError("too_large", `${what} is larger than the store takes.`);
}

import { CairnError } from "../../model/errors.ts";
import type { Frame } from "../../model/frame.ts";
import { nodeCrypto } from "../node-crypto.ts";
import type { Commit } from "../types.ts";
import { type Carried, commitCall, framesOf, type Part, withFrames } from "./arguments.ts";
import { notDone } from "./errors.ts";
import type { Keys } from "./keys.ts";
import { commitScript } from "./lua/commit.ts";
import { pack, packedLength, packInParts } from "./packing.ts";
import { ReplyError } from "./reply.ts";
import { commandOf, type ScriptCall } from "./script.ts";
import type { Argument, Command, Transport } from "./transport.ts";

export interface StagingOptions {
  transport: Transport;
  keys: Keys;
  /** The largest request, as it goes over the wire. */
  maxRequestBytes: number;
  maxFrameBytes: number;
  /** How long a part waits for its commit. */
  stagedSeconds: number;
  ahead: () => number;
}

/** What a part has about it. */
const PART_OVERHEAD = 1024;
/** The script itself, should the server not know it. */
export const SCRIPT_BYTES = JSON.stringify(commitScript).length;
const PARTS_AT_ONCE = 3;

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
    if (frame.bytes.length > options.maxFrameBytes) throw tooLarge("The state or the data");
    const takes = packedLength(frame.bytes.length, transport.packing);
    const fits = takes <= room;
    if (fits) room -= takes;
    frames[name] = fits
      ? { bytes: pack(frame.bytes, transport.packing) }
      : { parts: await stage(options, commit, frame) };
  }
  const call = withFrames(bare, frames);
  if (weigh(transport, commandOf(call)) <= limit) return call;
  throw tooLarge("What the write says beside its state");
}

function tooLarge(what: string): CairnError {
  return new CairnError("too_large", `${what} is larger than the store takes.`);
}

/** Stores a frame in parts. Their names hold the write's id and their content's digest: two never clash. */
async function stage(options: StagingOptions, commit: Commit, { bytes }: Frame): Promise<Part[]> {
  const { transport, keys, maxRequestBytes } = options;
  const base = keys.of(commit.key).part + sha1(commit.writeId).slice(0, 16);
  const values = packInParts(bytes, transport.packing, maxRequestBytes - PART_OVERHEAD);
  const parts = values.map((value, i) => {
    const digest = sha1(value);
    return { key: `${base}:${i}:${digest}`, length: value.length, sha1: digest };
  });
  for (let from = 0; from < parts.length; from += PARTS_AT_ONCE) {
    const some = parts.slice(from, from + PARTS_AT_ONCE);
    await Promise.all(some.map((part, i) => store(options, part, values[from + i]!)));
  }
  return parts;
}

/** Nothing names a part before its commit: whatever becomes of it, the write has not been made. */
async function store({ transport, stagedSeconds }: StagingOptions, { key }: Part, value: Argument) {
  const life = String(Math.ceil(stagedSeconds * 1000));
  try {
    const [reply] = await transport.send([["SET", key, value, "PX", life]]);
    if (reply instanceof ReplyError) throw reply;
  } catch (cause) {
    throw notDone(cause);
  }
}

function sha1(value: Argument): string {
  return nodeCrypto().createHash("sha1").update(value).digest("hex");
}

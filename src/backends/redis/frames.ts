import { concat } from "../../model/bytes.ts";
import { framesScript } from "./lua/reads.ts";
import { unpack } from "./packing.ts";
import { bytes, list, type Reply, ReplyError } from "./reply.ts";
import { call } from "./script.ts";
import type { Command, Transport } from "./transport.ts";

const SLICES_AT_ONCE = 4;
const KEYS_AT_ONCE = 100;

/**
 * The bytes of frames by their keys, in order; `null` where there is none. Small ones come together in one round
 * trip, the rest of large ones in slices of at most `room` bytes.
 */
export async function readFrames(
  transport: Transport,
  keys: readonly string[],
  room: number,
): Promise<(Uint8Array | null)[]> {
  const frames: (Uint8Array | null)[] = [];
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
    const some = keys.slice(from, from + KEYS_AT_ONCE);
    const starts = list(await call(transport, { script: framesScript, keys: some, args: [String(room)] }));
    for (const [i, start] of starts.entries()) frames.push(await readRest(transport, some[i]!, start, room));
  }
  return frames;
}

/** The bytes of a frame whose start was read: `[length, first bytes]`. */
export async function readRest(
  transport: Transport,
  key: string,
  start: Reply,
  room: number,
): Promise<Uint8Array | null> {
  const [length, first] = list(start) as [number, Reply];
  if (length === 0) return null;
  const slices = [bytes(first)];
  const commands: Command[] = [];
  for (let from = slices[0]!.length; from < length; from += room)
    commands.push(["GETRANGE", key, String(from), String(Math.min(from + room, length) - 1)]);
  for (let i = 0; i < commands.length; i += SLICES_AT_ONCE) {
    const some = commands.slice(i, i + SLICES_AT_ONCE);
    slices.push(...(await Promise.all(some.map((command) => one(transport, command)))));
  }
  const stored = concat(slices);
  // Gone between two slices: its head has moved on, and says so.
  return stored.length === length ? unpack(stored) : null;
}

async function one(transport: Transport, command: Command): Promise<Uint8Array> {
  const [reply] = await transport.send([command]);
  if (reply instanceof ReplyError) throw reply;
  return bytes(reply);
}

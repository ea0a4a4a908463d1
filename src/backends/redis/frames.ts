import { concat } from "../../model/bytes.ts";
import { framesScript } from "./lua/reads.ts";
import { unpack } from "./packing.ts";
import { bytes, list, type Reply, ReplyError } from "./reply.ts";
import { call } from "./script.ts";
import type { Command, Transport } from "./transport.ts";

const REQUESTS_AT_ONCE = 4;
const FRAMES_AT_ONCE = 200;
const RANGES_AT_ONCE = 50;

/**
 * The bytes of frames by their names, in order; `null` where there is none. What fits in an answer of `room` bytes
 * comes in one round trip, the rest in slices.
 *
 * @param prefix what a frame's name follows
 */
export async function readFrames(
  transport: Transport,
  prefix: string,
  names: readonly string[],
  room: number,
): Promise<(Uint8Array | null)[]> {
  const frames: (Uint8Array | null)[] = [];
  for (let from = 0; from < names.length; from += FRAMES_AT_ONCE) {
    const some = names.slice(from, from + FRAMES_AT_ONCE);
    const args = [String(room), ...some];
    const starts = list(await call(transport, { script: framesScript, keys: [prefix], args }));
    frames.push(...(await readRest(transport, prefix, some, starts, room)));
  }
  return frames;
}

/** What was read of one frame, and how long it is. */
interface Begun {
  length: number;
  slices: Uint8Array[];
}

/** The bytes of frames whose starts were read: `[length, first bytes]` of each. */
export async function readRest(
  transport: Transport,
  prefix: string,
  names: readonly string[],
  starts: readonly Reply[],
  room: number,
): Promise<(Uint8Array | null)[]> {
  const begun = names.map((_, i) => begin(starts[i]));
  const requests = grouped(
    begun.flatMap((frame, i) => rangesOf(frame, prefix + names[i]!, room)),
    room,
  );
  for (let i = 0; i < requests.length; i += REQUESTS_AT_ONCE) {
    const some = requests.slice(i, i + REQUESTS_AT_ONCE);
    const answers = await Promise.all(some.map((ranges) => readRanges(transport, ranges)));
    for (const [j, ranges] of some.entries())
      for (const [k, { frame }] of ranges.entries()) frame.slices.push(answers[j]![k]!);
  }
  return begun.map(finish);
}

function begin(start: Reply | undefined): Begun {
  const [length, first] = list(start);
  return { length: length as number, slices: [bytes(first)] };
}

function finish({ length, slices }: Begun): Uint8Array | null {
  const stored = concat(slices);
  // Gone between two slices: its head has moved on, and says so.
  return length > 0 && stored.length === length ? unpack(stored) : null;
}

interface Range {
  frame: Begun;
  length: number;
  command: Command;
}

/** What is left of a frame, in slices that an answer has room for. */
function rangesOf(frame: Begun, key: string, room: number): Range[] {
  const ranges: Range[] = [];
  for (let from = frame.slices[0]!.length; from < frame.length; from += room) {
    const to = Math.min(from + room, frame.length);
    ranges.push({ frame, length: to - from, command: ["GETRANGE", key, String(from), String(to - 1)] });
  }
  return ranges;
}

/** Those that one answer has room for together. */
function grouped(ranges: readonly Range[], room: number): Range[][] {
  const groups: Range[][] = [];
  let left = 0;
  for (const range of ranges) {
    const last = groups.at(-1);
    if (!last || range.length > left || last.length === RANGES_AT_ONCE) {
      groups.push([range]);
      left = room - range.length;
    } else {
      last.push(range);
      left -= range.length;
    }
  }
  return groups;
}

async function readRanges(transport: Transport, ranges: readonly Range[]): Promise<Uint8Array[]> {
  const replies = await transport.send(ranges.map(({ command }) => command));
  return replies.map((reply) => {
    if (reply instanceof ReplyError) throw reply;
    return bytes(reply);
  });
}

import type { PipelineKey } from "../../model/ids.ts";
import { nodeCrypto } from "../node-crypto.ts";
import { notDone } from "./errors.ts";
import type { Keys } from "./keys.ts";
import { packInParts } from "./packing.ts";
import { ReplyError } from "./reply.ts";
import type { Argument, Command, Transport } from "./transport.ts";

export interface PartsOptions {
  transport: Transport;
  keys: Keys;
  /** The largest request, as it goes over the wire. */
  maxRequestBytes: number;
  /** How long a part waits for what it is a part of. */
  stagedSeconds: number;
}

/** One part, as a script finds it again. */
export interface Part {
  key: string;
  length: number;
  /** Hex. */
  sha1: string;
}

/** What a part has about it. */
export const PART_OVERHEAD = 1024;
const PARTS_AT_ONCE = 3;

/**
 * Stores a frame in parts. Their names hold their content's digest and whose they are: two never clash.
 *
 * @param owner what takes them: the id of a write, or another that nothing else has
 * @throws CairnError `backend_unavailable`, `insufficient_storage`
 */
export async function sendParts(
  options: PartsOptions,
  key: PipelineKey,
  owner: string,
  bytes: Uint8Array,
): Promise<Part[]> {
  const { transport, keys, maxRequestBytes } = options;
  const base = keys.of(key).part + sha1(owner).slice(0, 16);
  const values = packInParts(bytes, transport.packing, maxRequestBytes - PART_OVERHEAD);
  const parts = values.map((value, i) => {
    const digest = sha1(value);
    return { key: `${base}:${i}:${digest}`, length: value.length, sha1: digest };
  });
  for (let from = 0; from < parts.length; from += PARTS_AT_ONCE) {
    const some = parts.slice(from, from + PARTS_AT_ONCE);
    await Promise.all(some.map((part, i) => sendPart(options, part, values[from + i]!)));
  }
  return parts;
}

function sendPart({ transport, stagedSeconds }: PartsOptions, { key }: Part, value: Argument) {
  return sendWaiting(transport, [setWaiting(key, value, stagedSeconds)]);
}

/** A string that goes by itself. */
export function setWaiting(key: string, value: Argument, seconds: number): Command {
  return ["SET", key, value, "PX", String(Math.ceil(seconds * 1000))];
}

/** Nothing names what waits before its commit: whatever becomes of it, no write has been made. */
export async function sendWaiting(transport: Transport, commands: readonly Command[]): Promise<void> {
  try {
    const replies = await transport.send(commands);
    const failed = replies.find((reply) => reply instanceof ReplyError);
    if (failed) throw failed;
  } catch (cause) {
    throw notDone(cause);
  }
}

/** Parts as scripts read them. */
export function partLines(parts: readonly Part[]): string {
  return parts.map(({ key, length, sha1 }) => `${key}\n${length}\n${sha1}`).join("\n");
}

function sha1(value: Argument): string {
  return nodeCrypto().createHash("sha1").update(value).digest("hex");
}

import { compress, decompress } from "../../frames/compression.ts";
import { sha256Hex } from "../../frames/digest.ts";
import { concat } from "../../model/bytes.ts";
import { CairnError } from "../../model/errors.ts";
import { FORMAT } from "../../model/head.ts";

/** JSON with frames behind it, as one object in the store. */
export interface Container<T> {
  record: T;
  frames: Map<string, Uint8Array>;
}

export interface Encoded {
  bytes: Uint8Array;
  /** Of it without compression: about what it takes in memory. */
  size: number;
}

/** From format n to n + 1, for records that earlier releases wrote. */
export type Upgrades = Readonly<Record<number, (record: unknown) => unknown>>;

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * `cairn <format> <SHA-256 of the second line and the JSON>` LF, `<codec> <stored> <length>` LF, as many bytes of
 * compressed JSON `{record, frames: [[frameId, length]…]}`, then the frames' bytes, which carry digests of their
 * own: a damaged frame takes nothing else down. The first line never changes, so that any release can tell a later
 * format from damage.
 */
export async function encodeContainer(
  record: unknown,
  frames: ReadonlyMap<string, Uint8Array>,
): Promise<Encoded> {
  const index = [...frames].map(([id, bytes]) => [id, bytes.length]);
  const json = encoder.encode(JSON.stringify({ record, frames: index }));
  const { codec, bytes: packed } = await compress(json);
  const body = concat([encoder.encode(`${codec} ${packed.length} ${json.length}\n`), packed]);
  const first = encoder.encode(`cairn ${FORMAT} ${await sha256Hex(body)}\n`);
  const bytes = concat([first, body, ...frames.values()]);
  return { bytes, size: bytes.length - packed.length + json.length };
}

/**
 * @throws CairnError `unsupported_format` for a later release's record, `unrecoverable` for a damaged one
 */
export async function decodeContainer<T>(bytes: Uint8Array, upgrades: Upgrades): Promise<Container<T>> {
  const first = lineAt(bytes, 0);
  const match = /^cairn (\d{1,9}) ([0-9a-f]{64})$/.exec(first.text);
  if (!match) throw damaged("it does not begin as one");
  const format = Number(match[1]);
  if (format > FORMAT) throw laterFormat(format);
  const second = lineAt(bytes, first.end);
  const [, codec, stored, length] = /^([a-z]{1,16}) (\d{1,10}) (\d{1,10})$/.exec(second.text) ?? [];
  const end = second.end + Number(stored);
  if ((await sha256Hex(bytes.subarray(first.end, end))) !== match[2])
    throw damaged("it does not match its digest");
  const json = await decompress(codec ?? "", bytes.subarray(second.end, end), Number(length));
  if (!json) throw damaged("it does not decode");
  const { record, frames } = JSON.parse(decoder.decode(json));
  return { record: upgrade(record, format, upgrades) as T, frames: slices(bytes, end, frames) };
}

/** A short line, and where the next begins; empty where there is none. */
function lineAt(bytes: Uint8Array, start: number): { text: string; end: number } {
  const length = bytes.subarray(start, start + 100).indexOf(NEWLINE);
  const text = textOf(bytes.subarray(start, start + Math.max(0, length))) ?? "";
  return { text, end: start + length + 1 };
}

function slices(body: Uint8Array, start: number, index: [string, number][]): Map<string, Uint8Array> {
  const frames = new Map<string, Uint8Array>();
  let offset = start;
  for (const [id, length] of index) {
    frames.set(id, body.subarray(offset, offset + length));
    offset += length;
  }
  return frames;
}

function upgrade(record: unknown, format: number, upgrades: Upgrades): unknown {
  let current = record;
  for (let from = format; from < FORMAT; from++) {
    const step = upgrades[from];
    if (!step) throw laterFormat(format);
    current = step(current);
  }
  return current;
}

function laterFormat(format: number): CairnError {
  return new CairnError(
    "unsupported_format",
    `A stored record has format ${format}; this release reads ${FORMAT}.`,
  );
}

function damaged(why: string): CairnError {
  return new CairnError("unrecoverable", `A stored record of the pipeline is damaged: ${why}.`);
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

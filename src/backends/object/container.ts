import { sha256Hex } from "../../frames/digest.ts";
import { concat } from "../../model/bytes.ts";
import { CairnError } from "../../model/errors.ts";
import { FORMAT } from "../../model/head.ts";

/** JSON with frames behind it, as one object in the store. */
export interface Container<T> {
  record: T;
  frames: Map<string, Uint8Array>;
}

/** From format n to n + 1, for records that earlier releases wrote. */
export type Upgrades = Readonly<Record<number, (record: unknown) => unknown>>;

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * `cairn <format> <SHA-256 of the next line>` LF, then JSON `{record, frames: [[frameId, length]…]}` LF, then
 * the frames' bytes, which carry digests of their own: a damaged frame takes nothing else down. The first line
 * never changes, so that any release can tell a later format from damage.
 */
export async function encodeContainer(
  record: unknown,
  frames: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  const index = [...frames].map(([id, bytes]) => [id, bytes.length]);
  const json = encoder.encode(`${JSON.stringify({ record, frames: index })}\n`);
  return concat([encoder.encode(`cairn ${FORMAT} ${await sha256Hex(json)}\n`), json, ...frames.values()]);
}

/**
 * @throws CairnError `unsupported_format` for a later release's record, `unrecoverable` for a damaged one
 */
export async function decodeContainer<T>(bytes: Uint8Array, upgrades: Upgrades): Promise<Container<T>> {
  const end = bytes.indexOf(NEWLINE);
  const match = /^cairn (\d{1,9}) ([0-9a-f]{64})$/.exec(
    text(bytes.subarray(0, Math.max(0, Math.min(end, 100)))) ?? "",
  );
  if (!match) throw damaged("it does not begin as one");
  const format = Number(match[1]);
  if (format > FORMAT) throw laterFormat(format);
  const framesStart = bytes.indexOf(NEWLINE, end + 1) + 1;
  const json = bytes.subarray(end + 1, framesStart);
  if ((await sha256Hex(json)) !== match[2]) throw damaged("it does not match its digest");
  const { record, frames } = JSON.parse(decoder.decode(json));
  return { record: upgrade(record, format, upgrades) as T, frames: slices(bytes, framesStart, frames) };
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

function text(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

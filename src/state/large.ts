import { nodeCrypto } from "../backends/node-crypto.ts";
import { type Damage, damageOf } from "../frames/damage.ts";
import type { Content } from "../frames/frame.ts";
import { partId, uploadChain } from "../frames/names.ts";
import { indexFrame, type OpenedIndex, openIndex, openPart, type Part } from "../frames/parts.ts";
import { linksOf } from "../model/chain.ts";
import { CairnError } from "../model/errors.ts";
import type { Frame } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Core } from "./core.ts";

/** What a content in parts may take in memory, for those that need all of it at once. */
export const MOST_IN_MEMORY = 32 * 1024 * 1024;

/** A content in parts, read one after another: never more than one of them is in memory. */
export interface Large {
  bytes: number;
  /** @throws CairnError `unrecoverable` at a damaged part, or at the end when the whole is not what it should be */
  read(range?: { from: number; end: number }): AsyncGenerator<Uint8Array, void>;
}

export type OpenedLarge = { ok: true; large: Large } | Damage;

/** @param stored the index, if it is at hand @param whole called when all of it was read, and is right */
export async function openLarge(
  core: Core,
  key: PipelineKey,
  record: Content,
  stored?: Uint8Array | null,
  whole: () => Promise<unknown> = async () => {},
): Promise<OpenedLarge> {
  const index = await readIndex(core, key, record, stored);
  if (!index.ok) return index;
  const all = { from: 0, end: record.bytes };
  return {
    ok: true,
    large: {
      bytes: record.bytes,
      read: (range = all) =>
        range.from > 0 || range.end < record.bytes
          ? readSome(core, key, index.parts, range)
          : readAll(core, key, record, index.parts, whole),
    },
  };
}

/** Reads all of it, and answers what is wrong. */
export async function checkLarge(
  core: Core,
  key: PipelineKey,
  record: Content,
): Promise<{ ok: true } | Damage> {
  const opened = await openLarge(core, key, record);
  if (!opened.ok) return opened;
  try {
    for await (const _ of opened.large.read());
    return { ok: true };
  } catch (error) {
    if (error instanceof PartDamaged) return error.damage;
    throw error;
  }
}

/** All of it in one piece. @throws CairnError `too_large`, `unrecoverable` */
export async function joinLarge(large: Large): Promise<Uint8Array> {
  if (large.bytes > MOST_IN_MEMORY) {
    const detail = `${large.bytes} bytes are more than ${MOST_IN_MEMORY}, which may be in memory at once.`;
    throw new CairnError("too_large", detail);
  }
  const content = new Uint8Array(large.bytes);
  let at = 0;
  for await (const part of large.read()) {
    content.set(part, at);
    at += part.length;
  }
  return content;
}

/** The parts once more, as a chain of their own: one part at a time is in memory. Their content was checked before. */
export async function copyLarge(
  core: Core,
  key: PipelineKey,
  record: Content,
  version: number,
): Promise<{ frame: Frame; staged: Part[] }> {
  const index = await readIndex(core, key, record);
  if (!index.ok) throw new PartDamaged(index);
  const chain = uploadChain(version);
  const staged: Part[] = [];
  for (const [i, part] of index.parts.entries()) {
    const frameId = await partId(chain, i + 1, part.storedSha256, part.storedBytes);
    const [bytes] = await core.backend.frames(key, [part]);
    if (!bytes) throw new PartDamaged(damageOf(part, "missing"));
    await core.backend.stage(key, [{ frameId, bytes }]);
    staged.push({ ...part, frameId });
  }
  return { frame: await indexFrame(key, version + 1, chain, staged, record.sha256, core.frames), staged };
}

async function readIndex(
  core: Core,
  key: PipelineKey,
  record: Content,
  stored?: Uint8Array | null,
): Promise<OpenedIndex> {
  const bytes = stored === undefined ? (await core.backend.frames(key, linksOf(record.frame)))[0] : stored;
  return openIndex(key, record, bytes ?? null, core.frames);
}

class PartDamaged extends CairnError {
  readonly damage: Damage;

  constructor(damage: Damage) {
    super("unrecoverable", `The content is damaged (${damage.problem}).`);
    this.damage = damage;
  }
}

async function* readAll(
  core: Core,
  key: PipelineKey,
  record: Content,
  parts: readonly Part[],
  whole: () => Promise<unknown>,
): AsyncGenerator<Uint8Array, void> {
  const hash = nodeCrypto().createHash("sha256");
  let last: Uint8Array | null = null;
  // The last part is held back until all of it is known to be right.
  for (const part of parts) {
    if (last) yield last;
    last = await readPart(core, key, part);
    hash.update(last);
  }
  if (hash.digest("hex") !== record.sha256)
    throw new PartDamaged(damageOf(record.frame, "content does not match its digest"));
  await whole();
  if (last) yield last;
}

async function* readSome(
  core: Core,
  key: PipelineKey,
  parts: readonly Part[],
  { from, end }: { from: number; end: number },
): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  for (const part of parts) {
    const start = at;
    at += part.bytes;
    if (at <= from || start >= end) continue;
    const content = await readPart(core, key, part);
    yield content.subarray(Math.max(0, from - start), Math.min(part.bytes, end - start));
  }
}

/** A first failure is read once more, for stores that hiccup. */
async function readPart(core: Core, key: PipelineKey, part: Part): Promise<Uint8Array> {
  for (let attempt = 0; ; attempt++) {
    const [stored] = await core.backend.frames(key, [part]);
    const opened = await openPart(key, part, stored ?? null, core.frames);
    if (opened.ok) return opened.content;
    if (attempt === 1) throw new PartDamaged(opened);
  }
}

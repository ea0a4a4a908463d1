import type { StorageBackend } from "../../../src/backends/types.ts";
import { sha256Hex } from "../../../src/frames/digest.ts";
import { parseKeyRing } from "../../../src/frames/key-ring.ts";
import { openIndex } from "../../../src/frames/parts.ts";
import { concat } from "../../../src/model/bytes.ts";
import { linksOf } from "../../../src/model/chain.ts";
import type { CheckpointRecord } from "../../../src/model/checkpoint.ts";
import type { StateRecord } from "../../../src/model/head.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import { type Core, createCore } from "../../../src/state/core.ts";
import type { Large } from "../../../src/state/large.ts";
import { readContent, tryState } from "../../../src/state/read.ts";
import { saveState } from "../../../src/state/save.ts";
import { beginUpload, saveParts, uploadPart } from "../../../src/state/uploads.ts";
import { edit, items, json, noise, type Random } from "../../frames/delta/versions.ts";

/** A version of a pipeline, as it must come back, with the frames that it is rebuilt from. */
export interface Version {
  core: Core;
  key: PipelineKey;
  record: StateRecord | CheckpointRecord;
  content: Uint8Array;
  frameIds: string[];
}

const MODES = ["plain", "encrypted"] as const;
export type Mode = (typeof MODES)[number];

const RING = JSON.stringify([{ id: "tests", key: Buffer.alloc(32, 7).toString("base64") }]);
const saving = { contentType: "application/octet-stream", caller: {}, checkpoint: "always" as const };

/**
 * Pipelines of two tenants, plain and encrypted, with chains whose frames are large and small, full and delta, and
 * one in parts each. Pipelines of one sort hold contents of the same lengths, version by version.
 *
 * @returns of each sort, its pipelines: their versions, oldest first; those in parts apart
 */
export async function makeHistories(
  backend: StorageBackend,
  random: Random,
  modes: readonly Mode[] = MODES,
): Promise<{ chains: Version[][][]; parts: Version[][][] }> {
  const encryption = { ring: parseKeyRing(RING), required: true };
  const [chains, parts]: [Version[][][], Version[][][]] = [[], []];
  for (const mode of modes) {
    const core = createCore({ backend, frames: mode === "plain" ? {} : { encryption } });
    const keys = ["one/p", "one/q", "two/p"].map((name) => {
      const [tenant, pipelineId] = name.split("/") as [string, string];
      return { tenant: `tenant-${tenant}`, pipelineId: `${pipelineId}-${mode}` };
    });
    const small: Version[][] = [];
    const large: Version[][] = [];
    for (const key of keys) {
      small.push(await makeSmall(core, key, random));
      large.push([await makeLarge(core, { ...key, pipelineId: `${key.pipelineId}-large` }, random)]);
    }
    chains.push(small);
    parts.push(large);
  }
  return { chains, parts };
}

async function makeSmall(core: Core, key: PipelineKey, random: Random): Promise<Version[]> {
  const contents = states(random);
  for (const content of contents) await saveState(core, key, { ...saving, content });
  const { data } = await core.backend.checkpoints(key, { limit: 500 });
  const { state } = (await core.backend.load(key))!.head;
  const records = [...data.reverse().slice(0, -1), state!];
  return records.map((record, i) => {
    const frameIds = linksOf(record.frame).map(({ frameId }) => frameId);
    return { core, key, record, content: contents[i]!, frameIds };
  });
}

/** Noise, so that frames are large and codecs idle; then JSON in small frames, and in larger ones; then noise again. */
function states(random: Random): Uint8Array[] {
  const first = series(noise(40_000, random), 6, (content) => changed(content, 400, random));
  const last = series(noise(24_000, random), 3, (content) => changed(content, 3000, random));
  const whole = Array.from({ length: 7 }, () => noise(24_000, random));
  return [...first, ...records(8, 0.3, random), ...records(300, 0.1, random), ...whole, ...last];
}

function series(first: Uint8Array, count: number, next: (content: Uint8Array) => Uint8Array): Uint8Array[] {
  const contents = [first];
  while (contents.length < count) contents.push(next(contents.at(-1)!));
  return contents;
}

function records(count: number, share: number, random: Random): Uint8Array[] {
  const all = items(count, random);
  return series(json(all), 6, () => {
    edit(all, share, random);
    return json(all);
  });
}

function changed(content: Uint8Array, bytes: number, random: Random): Uint8Array {
  const next = content.slice();
  next.set(noise(bytes, random), random(content.length - bytes));
  return next;
}

async function makeLarge(core: Core, key: PipelineKey, random: Random): Promise<Version> {
  const contents = [noise(50_000, random), noise(2000, random), json(items(200, random))];
  const { uploadId } = await beginUpload(core, key);
  const tokens: string[] = [];
  for (const [i, content] of contents.entries())
    tokens.push((await uploadPart(core, key, { uploadId, part: i + 1, content })).token);
  const content = concat(contents);
  await saveParts(core, key, { ...saving, uploadId, tokens, sha256: await sha256Hex(content) });
  // Read once, so that it is vouched for: no read changes anything later.
  const read = await tryState(core, key, { thorough: true });
  if (!read.ok) throw new Error(read.problem);
  const { state } = (await core.backend.load(key))!.head;
  const [stored] = await core.backend.frames(key, linksOf(state!.frame));
  const index = await openIndex(key, state!, stored!, core.frames);
  if (!index.ok) throw new Error(index.problem);
  const frameIds = [state!.frame.frameId, ...index.parts.map(({ frameId }) => frameId)];
  return { core, key, record: state!, content, frameIds };
}

/** What became of a read: `refused` is an answer other than damage, and serves nothing either. */
export type Outcome = "right" | "wrong" | "damage" | "refused";

/** Reads a version as it is read for whoever asks: the current state with its head, older ones by their record. */
export async function readVersion({ core, key, record, content }: Version): Promise<Outcome> {
  try {
    const isState = "savedAt" in record;
    const read = isState ? await tryState(core, key) : await readContent(core, key, record);
    if (!read.ok) return "damage";
    return await compare(read.content, content);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code === "unrecoverable" ? "damage" : "refused";
  }
}

async function compare(read: Uint8Array | Large, content: Uint8Array): Promise<"right" | "wrong"> {
  if (read instanceof Uint8Array) return Buffer.compare(read, content) === 0 ? "right" : "wrong";
  let at = 0;
  for await (const part of read.read()) {
    if (Buffer.compare(part, content.subarray(at, at + part.length)) !== 0) return "wrong";
    at += part.length;
  }
  return at === content.length ? "right" : "wrong";
}

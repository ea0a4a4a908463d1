import { sha256Hex } from "../frames/digest.ts";
import { uploadChain } from "../frames/names.ts";
import { indexFrame, MOST_PARTS, PART_BYTES, type Part, partOf, rowOf } from "../frames/parts.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type Core, loadHead } from "./core.ts";
import { remindOfUpload } from "./remind.ts";
import { afterSave, askedOf, type Saved, type SaveInput, saveEffects, saveWrite } from "./save.ts";
import { stagePart } from "./stage-parts.ts";
import { writeAtVersion } from "./write.ts";

/** What a client needs to send a state in parts. */
export interface Upload {
  uploadId: string;
  /** The most that a part holds. */
  partBytes: number;
  mostParts: number;
}

/** What became of a part; `token` is given back when the parts are made a state. */
export interface UploadedPart {
  part: number;
  bytes: number;
  sha256: string;
  token: string;
}

const TOKEN =
  /^p([1-9][0-9]{0,3})-([0-9a-z]{1,6}-[0-9a-v]{7})~((?:identity|deflate)(?:\+aes-256-gcm)?)~([0-9a-f]{64})~([1-9][0-9]{0,6})$/;

/** Begins the upload of a state in parts. Nothing is stored: parts that are not made a state in an hour go. */
export async function beginUpload(core: Core, key: PipelineKey): Promise<Upload> {
  const head = await loadHead(core, key);
  if (head) await remindOfUpload(core, key, head);
  return { uploadId: uploadChain(head?.version ?? 0), partBytes: PART_BYTES, mostParts: MOST_PARTS };
}

/**
 * Stores one part ahead of its state. Sent twice, it is there once.
 *
 * @param part its place, from 1
 * @throws CairnError `too_large`, `malformed` for no bytes, `quota_exceeded`, `backend_unavailable`
 */
export async function uploadPart(
  core: Core,
  key: PipelineKey,
  { uploadId, part, content }: { uploadId: string; part: number; content: Uint8Array },
): Promise<UploadedPart> {
  if (content.length === 0) throw new CairnError("malformed", "A part holds a byte at least.");
  if (content.length > PART_BYTES)
    throw new CairnError("too_large", `A part holds at most ${PART_BYTES} bytes.`);
  await core.quotas?.room(core, key.tenant, content.length);
  const made = await stagePart(core, key, uploadId, part, content);
  return { part, bytes: content.length, sha256: await sha256Hex(content), token: tokenOf(part, made) };
}

export interface PartsInput extends Omit<SaveInput, "content" | "request"> {
  uploadId: string;
  /** Of all parts, in their order. */
  tokens: readonly string[];
  /** Of the whole content, hex: as the client says, until it is read. */
  sha256: string;
}

/**
 * Makes parts that were uploaded the next version, in one commit. It is `verified: false` until it was read.
 *
 * @throws CairnError `malformed` for tokens that are none, `parts_missing`, and what a save throws
 */
export async function saveParts(core: Core, key: PipelineKey, input: PartsInput): Promise<Saved> {
  const { uploadId, contentType, sha256, tokens } = input;
  const parts = tokens.map((token, i) => partIn(token, uploadId, i + 1));
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  // The same as in one piece: sent again, the parts may be those of another upload.
  const request = ["save", contentType, sha256, ...askedOf(input)];
  const write = saveWrite(key, { ...input, request });
  const started = Date.now();
  const committed = await writeAtVersion(
    core,
    write,
    input.precondition,
    async (version, _writeId, known) => {
      const frame = await indexFrame(key, version + 1, uploadId, parts, sha256, core.frames);
      const state = { contentType, bytes, sha256, verified: false, frame, staged: parts };
      return saveEffects(core, key, input, state, known);
    },
  );
  return afterSave(core, key, input, committed, started);
}

function tokenOf(place: number, part: Part): string {
  return `p${place}-${rowOf(part).join("~")}`;
}

function partIn(token: string, uploadId: string, place: number): Part {
  const [, number, link, codec, storedSha256, bytes] = TOKEN.exec(token) ?? [];
  if (Number(number) !== place || Number(bytes) > PART_BYTES) {
    const errors = [
      { pointer: `/parts/${place - 1}`, message: `must be the token that part ${place} was answered with` },
    ];
    throw new CairnError("malformed", "The parts are not those that were uploaded.", { errors });
  }
  return partOf(uploadId, place, [link!, codec!, storedSha256!, Number(bytes)]);
}

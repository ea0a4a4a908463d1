import { sha256, toHex } from "../frames/digest.ts";
import { toBase64 } from "../model/base64.ts";
import type { Saved } from "../state/save.ts";
import { bodyOf } from "./deflate.ts";
import { parcelOf } from "./delta.ts";
import { CairnHttpError } from "./errors.ts";
import { otherContent } from "./load.ts";
import type { Memory, Version } from "./memory.ts";
import { type SaveOptions, saveHeaders } from "./options.ts";
import { isTooLarge, sendParts } from "./parts.ts";
import { type Answer, queryOf, readJson, type Send, statePath } from "./send.ts";
import type { Content } from "./values.ts";

/** What a save answers: that of the service. */
export type SaveResult = Saved["result"];

/** What the pipelines of one client share. */
export interface Shared {
  send: Send;
  memory: Memory;
  /** Whether the service is thought to take deltas. */
  deltas: boolean;
}

/** A save on its way. */
interface Save {
  shared: Shared;
  pipelineId: string;
  content: Content;
  options: SaveOptions;
  /** SHA-256 of the content. */
  digest: Uint8Array;
}

interface Parcel {
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
}

/**
 * Sends a content as the next version: as a delta against the version known last when that is shorter, else
 * whole. What the service cannot use as a delta is sent whole after all.
 */
export async function saveContent(
  shared: Shared,
  pipelineId: string,
  content: Content,
  options: SaveOptions,
): Promise<SaveResult> {
  const save = { shared, pipelineId, content, options, digest: await sha256(content.bytes) };
  const base = baseOf(save);
  const { isDelta, ...parcel } = await parcelOf(base?.bytes, content.bytes);
  const answer = await (base && isDelta ? sendDelta(save, base, parcel) : sendWhole(save, parcel)).catch(
    (error) => {
      if (!isTooLarge(error)) throw error;
      return sendInParts(save);
    },
  );
  return accept(save, answer);
}

/** What is too large for one request: in parts, which a last one makes the state. */
async function sendInParts(save: Save): Promise<Answer> {
  const { shared, pipelineId, content, options } = save;
  const { bytes, contentType } = content;
  const made = await sendParts(shared.send, pipelineId, bytes, contentType, options.signal);
  return sendWhole(
    { ...save, content: { ...content, contentType: made.contentType } },
    { body: made.body, headers: {} },
  );
}

/**
 * What a delta may be made against: a state of the same type, for a delta cannot change it. A key of the
 * caller's own may come again when the base is another one, and must mean the same request then: the whole.
 */
function baseOf({ shared, pipelineId, content, options }: Save): Version | undefined {
  const { ifMatch, ifNoneMatch, idempotencyKey, onConflict } = options;
  const base = shared.memory.recall(pipelineId);
  if (!shared.deltas || ifNoneMatch !== undefined || idempotencyKey !== undefined) return undefined;
  if (onConflict === "merge") return undefined;
  if (typeof ifMatch === "number" && ifMatch !== base?.version) return undefined;
  return base?.contentType === content.contentType ? base : undefined;
}

async function sendDelta(save: Save, base: Version, { body, headers }: Parcel): Promise<Answer> {
  const { shared, pipelineId, content, options } = save;
  const delta = { "Content-Type": "application/vnd.cairn.delta", "If-Match": `"${base.version}"` };
  try {
    return await sendState(save, "PATCH", { body, headers: { ...headers, ...delta } });
  } catch (error) {
    const remedy = remedyOf(error, options);
    if (remedy === "none") throw error;
    if (remedy === "no deltas") shared.deltas = false;
    shared.memory.forget(pipelineId);
    return sendWhole(save, await bodyOf(content.bytes));
  }
}

/**
 * What helps after a refused delta. Its condition was the client's own doing, unless the caller gave the same
 * one: that another has saved since is then news for the caller, else no reason not to save. A service that
 * does not know deltas need not be asked again.
 */
function remedyOf(error: unknown, { ifMatch }: SaveOptions): "none" | "whole" | "no deltas" {
  if (!(error instanceof CairnHttpError)) return "none";
  const { status, code } = error;
  if ([400, 405, 415, 501].includes(status)) return "no deltas";
  if (status === 412) return typeof ifMatch === "number" ? "none" : "whole";
  return status === 404 || status === 422 || code === "unrecoverable" ? "whole" : "none";
}

function sendWhole(save: Save, { body, headers }: Parcel): Promise<Answer> {
  const { contentType } = save.content;
  const { ifMatch, ifNoneMatch } = save.options;
  const conditions = {
    ...(ifMatch !== undefined && { "If-Match": ifMatch === "*" ? "*" : `"${ifMatch}"` }),
    ...(ifNoneMatch && { "If-None-Match": ifNoneMatch }),
  };
  return sendState(save, "PUT", {
    body,
    headers: { ...headers, ...conditions, "Content-Type": contentType },
  });
}

function sendState(save: Save, method: "PUT" | "PATCH", { body, headers }: Parcel): Promise<Answer> {
  const { shared, pipelineId, options, digest } = save;
  const { checkpoint, strategy, label, onConflict } = options;
  const reprDigest = { "Repr-Digest": `sha-256=:${toBase64(digest)}:` };
  return shared.send({
    method,
    path: statePath(pipelineId) + queryOf({ checkpoint, strategy, label, onConflict }),
    headers: { ...saveHeaders(options), ...reprDigest, ...headers },
    body,
    signal: options.signal,
  });
}

/** @throws CairnClientError `bad_answer` when it is not what was sent that was saved */
function accept({ shared, pipelineId, content, digest, options }: Save, answer: Answer): SaveResult {
  const result = readJson(answer) as SaveResult;
  const isIt = result.sha256 === toHex(digest);
  if (!isIt && options.onConflict === "merge") return result;
  if (!isIt) throw otherContent();
  shared.memory.keep(pipelineId, { ...content, version: result.version });
  return result;
}

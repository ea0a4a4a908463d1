import { storedBytesOf } from "../../model/chain.ts";
import type { Frame } from "../../model/frame.ts";
import type { Settings } from "../../model/pipeline.ts";
import type { Commit, Effects, NewCheckpoint, NewState, StagedFrame } from "../types.ts";
import { encodeRef } from "./frame-record.ts";

/** A batch as parameters: the commits as JSON, and the bytes of their frames end to end, in base64. */
export interface Batch {
  commits: string;
  frames: string;
}

/**
 * Strings that a user chose go as JSON text inside the JSON, so that Postgres only ever sees escapes: it can
 * hold neither NUL nor lone surrogates.
 */
export function encodeBatch(commits: readonly Commit[]): Batch {
  const { place, text } = packing();
  const placeFrame = ({ ref, bytes }: Frame) => ({
    ...place(ref.frameId, bytes),
    frame: json(encodeRef(ref)),
  });
  const encoded = commits.map((commit) => encodeCommit(commit, placeFrame));
  return { commits: JSON.stringify(encoded), frames: text() };
}

/** Frames ahead of their commit, as parameters: what `encodeBatch` makes of a batch's. */
export function encodeStaged(frames: readonly StagedFrame[]): { parts: string; frames: string } {
  const { place, text } = packing();
  const parts = frames.map(({ frameId, bytes }) => place(frameId, bytes));
  return { parts: JSON.stringify(parts), frames: text() };
}

/** Lays the bytes of frames end to end. */
function packing() {
  const parts: Uint8Array[] = [];
  let length = 0;
  return {
    place(frameId: string, bytes: Uint8Array) {
      parts.push(bytes);
      const from = length + 1;
      length += bytes.length;
      return { from, length: bytes.length, frameId: plain(frameId) };
    },
    text: () => (parts.length === 1 ? base64(parts[0]!) : Buffer.concat(parts).toString("base64")),
  };
}

/** About what the head in the answer weighs: 64 writes with their results. */
const ANSWER_BYTES = 32_768;

/** How many bytes a commit adds to its statement, and to the answer, nearly. */
export function weight({ effects }: Commit): number {
  const frames = [effects.state?.frame, effects.checkpoint?.data?.frame];
  return frames.reduce((sum, frame) => sum + (frame?.bytes.length ?? 0), ANSWER_BYTES);
}

type Place = (frame: Frame) => { from: number; length: number; frameId: string; frame: string };

function encodeCommit(commit: Commit, place: Place) {
  const { key, writeId, digest, expect, effects } = commit;
  return { ...key, writeId: json(writeId), digest, expect, effects: encodeEffects(effects, place) };
}

/** What is false, empty or undefined is left out, for the function asks which names are there; `lookAt` may be null. */
function encodeEffects(effects: Effects, place: Place) {
  const { state, checkpoint, checkpoints, lease, settings, events, care, lookAt, note } = effects;
  return {
    state: state && encodeState(state, place),
    dropReplaced: effects.dropReplaced || undefined,
    verified: effects.verified,
    checkpoint: checkpoint && encodeCheckpoint(checkpoint, place),
    checkpoints: checkpoints && Object.fromEntries([...checkpoints].map(([id, what]) => [plain(id), what])),
    lease: lease && encodeLease(lease),
    status: effects.status,
    resumed: effects.resumed,
    care: care && json(care),
    lookAt,
    settings: settings && encodeSettings(settings),
    labels: settings?.labels && labelTexts(settings.labels),
    remove: effects.remove,
    events: events?.map((draft) => ({ type: draft.type, draft: json(draft) })),
    note: note === null ? undefined : json(note),
  };
}

function encodeState(state: NewState, place: Place) {
  const { restoredFrom, verified, staged } = state;
  return {
    ...placed(state, place),
    ...{ verified, restoredFrom: restoredFrom && json(restoredFrom) },
    staged: staged?.length ? staged.map(({ frameId }) => plain(frameId)) : undefined,
  };
}

function encodeCheckpoint(draft: NewCheckpoint, place: Place) {
  const { checkpointId, label, metadata, reason, data } = draft;
  return {
    checkpointId: plain(checkpointId),
    ...{ label: json(label), metadata: json(metadata), reason: json(reason) },
    data: data && placed(data, place),
  };
}

function placed(source: NonNullable<NewCheckpoint["data"]>, place: Place) {
  const { contentType, bytes, sha256, frame } = source;
  const content = json({ contentType, bytes, sha256, storedBytes: storedBytesOf(frame.ref) });
  return { content, ...place(frame) };
}

function encodeLease(change: NonNullable<Effects["lease"]>) {
  if (!("take" in change)) return change;
  const { owner, ttlSeconds } = change.take;
  return { take: { owner: json(owner), ttlSeconds } };
}

function encodeSettings(settings: Settings) {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, json(value)]));
}

/** Labels as they are indexed. */
export function labelTexts(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map((pair) => JSON.stringify(pair));
}

/** JSON text. Of what is not there, nothing. */
export function json<T>(value: T): T extends undefined ? undefined : string;
export function json(value: unknown): string | undefined {
  return JSON.stringify(value);
}

/** An id as a parameter. One that Postgres cannot hold was never given out: it becomes another such. */
export function plain(id: string): string {
  return id.toWellFormed().replaceAll("\0", "\ufffd");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

import type { Commit } from "../backends/types.ts";
import { applyDelta } from "../frames/delta/apply.ts";
import { DeltaError } from "../frames/delta/format.ts";
import { type DeltaFacts, inspectDelta } from "../frames/delta/inspect.ts";
import { deltaFrame } from "../frames/delta-frame.ts";
import { sha256Hex } from "../frames/digest.ts";
import { pays } from "../frames/pays.ts";
import { isAllowed } from "../frames/stored.ts";
import { baseOf } from "../model/chain.ts";
import { CairnError } from "../model/errors.ts";
import type { Frame } from "../model/frame.ts";
import type { Head, StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { fitsType } from "../model/json-content.ts";
import { refusalError, replayOf, send } from "./commit.ts";
import type { Core } from "./core.ts";
import type { Large } from "./large.ts";
import { damagedState, requireLiving, tryState, wholeOf } from "./read.ts";
import { persistently } from "./retry.ts";
import {
  afterSave,
  askedOf,
  type Saved,
  type SaveInput,
  savedAnswer,
  saveEffects,
  saveState,
} from "./save.ts";
import { accepts, envelope, wrongVersion } from "./write.ts";

/** So many versions in a row may rest on what clients say of them. */
export const MOST_UNVERIFIED = 8;

export interface DeltaInput extends Omit<SaveInput, "content" | "contentType" | "request"> {
  /** See `frames/delta/format.ts`. */
  delta: Uint8Array;
  /** Of the content that it makes, hex. */
  sha256: string;
  /** The longest content that is taken. */
  maxBytes: number;
}

/**
 * Saves the state that a client's delta makes, without making it: the version is `verified: false` until it is read.
 * After `MOST_UNVERIFIED` of them, and where a full frame is better, the content is rebuilt and saved as usual.
 *
 * @throws CairnError `malformed` for a broken delta or one for another base, `too_large`, `precondition_failed`,
 *   `digest_mismatch` when it was rebuilt and differs, and what a save throws
 */
export async function saveDelta(core: Core, key: PipelineKey, input: DeltaInput): Promise<Saved> {
  const facts = inspect(input);
  const { caller, sha256 } = input;
  const digest = await sha256Hex(input.delta);
  const request = ["delta", digest, sha256, ...askedOf(input)];
  const base = await envelope({ key, caller, request, expect: { create: "never", state: "present" } });
  const started = Date.now();
  let known = core.heads.get(key);
  return persistently(async () => {
    const head = known && accepts(input.precondition, known.version) ? known : await requireLiving(core, key);
    known = null;
    const replay = replayOf(head, base);
    if (replay) return savedAnswer(key, input, replay);
    if (!head.state) throw refusalError({ ok: false, refusal: "no_state", head });
    if (!accepts(input.precondition, head.version)) throw wrongVersion(head.version);
    if (facts.baseBytesNeeded !== head.state.bytes)
      throw malformed("The delta is for a base of another length.");
    const frame = await frameOf(core, key, head.state, base.writeId, input, facts);
    if (!frame) return saveRebuilt(core, base, head, { ...input, started }, request);
    return commitDelta(
      core,
      base,
      head,
      { ...frame, verified: false },
      { ...input, started },
      facts.targetBytes,
    );
  });
}

function inspect({ delta, maxBytes }: DeltaInput): DeltaFacts {
  const facts = understood(() => inspectDelta(delta));
  if (facts.targetBytes > maxBytes)
    throw new CairnError("too_large", `The delta makes more than ${maxBytes} bytes.`);
  return facts;
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof DeltaError ? malformed(error.message) : error;
  }
}

function malformed(message: string): CairnError {
  return new CairnError("malformed", message, { errors: [{ pointer: "body", message }] });
}

async function rebuilt(base: Uint8Array | Large, { delta, maxBytes }: DeltaInput): Promise<Uint8Array> {
  const content = await wholeOf(base);
  return understood(() => applyDelta(content, delta, maxBytes));
}

/** Null when the content is better made here. */
async function frameOf(
  core: Core,
  key: PipelineKey,
  state: StateRecord,
  writeId: string,
  { delta, sha256 }: DeltaInput,
  { targetBytes }: DeltaFacts,
): Promise<Frame | null> {
  const { parts, chain, codec } = state.frame;
  // Upon frames that may not be read here, nobody here could rebuild it.
  if (parts || ![codec, chain?.base.codec ?? codec].every((each) => isAllowed(each, core.frames)))
    return null;
  const target = { sha256, bytes: targetBytes, unverified: true as const };
  const frame = await deltaFrame(key, state, writeId, delta, target, core.frames);
  const trusted = frame.ref.chain!.unverified <= MOST_UNVERIFIED;
  return trusted && pays(frame.ref, targetBytes) ? frame : null;
}

/**
 * Null when another write came between.
 *
 * @param made what the delta makes, when that is known
 */
async function commitDelta(
  core: Core,
  base: Omit<Commit, "effects">,
  head: Head,
  { verified, ...frame }: Frame & { verified: boolean },
  input: DeltaInput & { started: number },
  bytes: number,
  made?: Uint8Array,
): Promise<Saved | null> {
  const { contentType } = head.state!;
  const content = { contentType, bytes, sha256: input.sha256, verified, frame };
  const expect = { ...base.expect, version: head.version, base: baseOf(frame.ref)! };
  const effects = await saveEffects(core, base.key, input, content, head);
  const outcome = await send(core, { ...base, expect, effects });
  if (outcome.ok) {
    const { state } = outcome.head;
    if (state?.frame.frameId !== frame.ref.frameId) core.contents.forget(base.key);
    else if (made) core.contents.put(base.key, state, made);
    else core.contents.extend(base.key, expect.base, state, input.delta);
    return afterSave(core, base.key, input, outcome, input.started);
  }
  if (outcome.refusal === "version_mismatch" || outcome.refusal === "base_mismatch") return null;
  throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
}

/**
 * Makes the content that the delta makes, and checks it: then the delta is stored as it came where that still pays.
 * Null when another write came between.
 */
async function saveRebuilt(
  core: Core,
  base: Omit<Commit, "effects">,
  head: Head,
  input: DeltaInput & { started: number },
  request: readonly unknown[],
): Promise<Saved | null> {
  const { key, writeId } = base;
  const state = head.state!;
  const before = await contentOf(core, key, state);
  if (!before) return null;
  const content = await rebuilt(before, input);
  await checkRebuilt(content, state.contentType, input.sha256);
  const target = { sha256: input.sha256, bytes: content.length };
  const known = { ...state, verified: true };
  const frame = state.frame.parts
    ? null
    : await deltaFrame(key, known, writeId, input.delta, target, core.frames);
  if (frame && pays(frame.ref, content.length)) {
    return commitDelta(core, base, head, { ...frame, verified: true }, input, content.length, content);
  }
  return saveWhole(core, key, { ...input, content, contentType: state.contentType }, head, writeId, request);
}

/**
 * What a delta is made upon, known here or read; null when it is no longer the state. What comes of it is checked by a
 * digest of its own: nothing need be said of the state that goes.
 */
async function contentOf(
  core: Core,
  key: PipelineKey,
  { frame, version }: StateRecord,
): Promise<Uint8Array | Large | null> {
  const known = core.contents.get(key, version);
  if (known?.frame.frameId === frame.frameId) return known.content;
  const found = await tryState(core, key, { unseen: true });
  if (found.state.frame.frameId !== frame.frameId) return null;
  if (!found.ok) throw damagedState(found);
  return found.content;
}

/** @throws CairnError `digest_mismatch`, `invalid_json` */
async function checkRebuilt(content: Uint8Array, contentType: string, sha256: string): Promise<void> {
  if ((await sha256Hex(content)) !== sha256)
    throw new CairnError("digest_mismatch", "The delta does not make the content that Repr-Digest says.");
  if (!fitsType(contentType, content))
    throw new CairnError("invalid_json", "What the delta makes is not the JSON that the state is to be.");
}

/** Null when another write came between. */
function saveWhole(
  core: Core,
  key: PipelineKey,
  input: SaveInput,
  { version }: Head,
  writeId: string,
  request: readonly unknown[],
): Promise<Saved | null> {
  const caller = { ...input.caller, idempotencyKey: writeId };
  const precondition = { versions: [version] };
  return saveState(core, key, { ...input, caller, precondition, request }).catch((error) => {
    if (error instanceof CairnError && error.code === "precondition_failed") return null;
    throw error;
  });
}

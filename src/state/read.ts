import type { Loaded } from "../backends/types.ts";
import { type Damage, damageOf } from "../frames/damage.ts";
import { decodeFrame } from "../frames/frame.ts";
import { linksOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { Head, StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { fitsType } from "../model/json-content.ts";
import { noPipeline, refusalError } from "./commit.ts";
import { type Core, loadHead } from "./core.ts";
import { checkLarge, joinLarge, type Large, openLarge } from "./large.ts";
import { vouch } from "./vouch.ts";

export interface StateContent {
  head: Head;
  state: StateRecord;
  content: Uint8Array | Large;
}

export interface ReadOptions {
  /** Of a content in parts, all are read and checked; else its index, and each part when it is read. */
  thorough?: boolean;
  /** It is only needed to make another: its digest is enough, and nothing is said of it in the store. */
  unseen?: boolean;
}

/** The head of a pipeline that is there. @throws CairnError `not_found`, of the same bytes whatever the cause */
export async function requireHead(core: Core, key: PipelineKey): Promise<Head> {
  const head = await loadHead(core, key);
  if (!head || head.deleted) throw noPipeline();
  return head;
}

/** As `requireHead`, for verbs that change something: a deleted pipeline is `pipeline_deleted`. */
export async function requireLiving(core: Core, key: PipelineKey): Promise<Head> {
  const head = await loadHead(core, key);
  if (!head) throw noPipeline();
  if (head.deleted) throw refusalError({ ok: false, refusal: "pipeline_deleted", head });
  return head;
}

/**
 * The current state, checked. A frame that is missing or does not verify restarts the read when the head has
 * moved on meanwhile; only what repeats under an unchanged revision is damage (design invariant 5).
 *
 * @throws CairnError `not_found`, `unrecoverable` when the state is damaged
 */
export async function readState(core: Core, key: PipelineKey): Promise<StateContent> {
  const found = await tryState(core, key);
  if (found.ok) return found;
  throw damagedState(found);
}

export function damagedState({ head, problem }: Extract<StateAttempt, { ok: false }>): CairnError {
  const advice = "Resume or recover goes on from the newest version that verifies.";
  return new CairnError(
    "unrecoverable",
    `The state at version ${head.version} is damaged (${problem}). ${advice}`,
  );
}

export type StateAttempt =
  | ({ ok: true } & StateContent)
  | { ok: false; head: Head; state: StateRecord; problem: string };

/** As `readState`, but answers damage instead of throwing it. */
export async function tryState(
  core: Core,
  key: PipelineKey,
  options: ReadOptions = {},
): Promise<StateAttempt> {
  let last = await readOnce(core, key, options);
  while (!last.ok) {
    const again = await readOnce(core, key, options);
    if (!again.ok && again.head.revision === last.head.revision) return again;
    last = again;
  }
  return last;
}

async function readOnce(core: Core, key: PipelineKey, options: ReadOptions): Promise<StateAttempt> {
  const { head, frames } = await requireState(core, key);
  const state = head.state!;
  const vouched = () => vouch(core, key, head);
  const decoded = await decodeContent(core, key, state, frames, {
    ...options,
    ...(state.verified ? {} : { vouched }),
  });
  if (!decoded.ok) {
    // What it held may be known here still, but a delta upon a broken chain would be broken as well.
    core.contents.forget(key);
    return { ok: false, head, state, problem: decoded.problem };
  }
  const { content } = decoded;
  const checked = content instanceof Uint8Array || options.thorough === true;
  const known = checked && !state.verified && !options.unseen ? await vouched() : head;
  const whole = { ...state, verified: state.verified || checked };
  if (content instanceof Uint8Array) core.contents.put(key, whole, content);
  return { ok: true, head: known, state: whole, content };
}

export type DecodedContent = { ok: true; content: Uint8Array | Large } | Damage;

/**
 * A content from its stored bytes, checked.
 *
 * @param options.vouched called when a content that nobody has looked at was read to its end, and is right
 */
export async function decodeContent(
  core: Core,
  key: PipelineKey,
  record: StateRecord | CheckpointRecord,
  stored: readonly (Uint8Array | null)[],
  { thorough = false, unseen = false, vouched }: ReadOptions & { vouched?: () => Promise<unknown> } = {},
): Promise<DecodedContent> {
  if (record.frame.parts) {
    const checked = thorough ? await checkLarge(core, key, record) : null;
    if (checked && !checked.ok) return checked;
    const opened = await openLarge(core, key, record, stored[0] ?? null, vouched);
    return opened.ok ? { ok: true, content: opened.large } : opened;
  }
  const decoded = await decodeFrame(key, record, stored, core.frames);
  if (!decoded.ok || record.verified || unseen || fitsType(record.contentType, decoded.content))
    return decoded;
  return damageOf(record.frame, `its content is not ${record.contentType}`);
}

async function requireState(core: Core, key: PipelineKey): Promise<Loaded> {
  const loaded = await core.backend.load(key, { frames: true });
  core.heads.put(key, loaded?.head ?? null);
  if (!loaded || loaded.head.deleted) throw noPipeline();
  if (!loaded.head.state) throw refusalError({ ok: false, refusal: "no_state", head: loaded.head });
  return loaded;
}

/** Reads a content by its record and checks it; a first failure is read once more, for stores that hiccup. */
export async function readContent(
  core: Core,
  key: PipelineKey,
  record: StateRecord | CheckpointRecord,
  options: ReadOptions = {},
): Promise<DecodedContent> {
  for (let attempt = 0; ; attempt++) {
    const stored = await core.backend.frames(key, linksOf(record.frame));
    const decoded = await decodeContent(core, key, record, stored, options);
    if (decoded.ok || attempt === 1) return decoded;
  }
}

/** A content in one piece. @throws CairnError `too_large` for one that may not be in memory */
export async function wholeOf(content: Uint8Array | Large): Promise<Uint8Array> {
  return content instanceof Uint8Array ? content : joinLarge(content);
}

import type { Loaded } from "../backends/types.ts";
import { type Content, type Decoded, decodeFrame } from "../frames/frame.ts";
import { CairnError } from "../model/errors.ts";
import type { Head, StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { noPipeline, refusalError } from "./commit.ts";
import { type Core, loadHead } from "./core.ts";

export interface StateContent {
  head: Head;
  state: StateRecord;
  content: Uint8Array;
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
export async function tryState(core: Core, key: PipelineKey): Promise<StateAttempt> {
  let last = await readOnce(core, key);
  while (!last.ok) {
    const again = await readOnce(core, key);
    if (!again.ok && again.head.revision === last.head.revision) return again;
    last = again;
  }
  return last;
}

async function readOnce(core: Core, key: PipelineKey): Promise<StateAttempt> {
  const { head, frame } = await requireState(core, key);
  const state = head.state!;
  const decoded = await decodeFrame(key, state, frame);
  return decoded.ok
    ? { ok: true, head, state, content: decoded.content }
    : { ok: false, head, state, problem: decoded.problem };
}

async function requireState(core: Core, key: PipelineKey): Promise<Loaded> {
  const loaded = await core.backend.load(key, { frame: true });
  core.heads.put(key, loaded?.head ?? null);
  if (!loaded || loaded.head.deleted) throw noPipeline();
  if (!loaded.head.state) throw refusalError({ ok: false, refusal: "no_state", head: loaded.head });
  return loaded;
}

/** Reads one frame by its record and checks it; a first failure is read once more, for stores that hiccup. */
export async function readContent(core: Core, key: PipelineKey, record: Content): Promise<Decoded> {
  for (let attempt = 0; ; attempt++) {
    const [stored] = await core.backend.frames(key, [record.frame]);
    const decoded = await decodeFrame(key, record, stored ?? null);
    if (decoded.ok || attempt === 1) return decoded;
  }
}

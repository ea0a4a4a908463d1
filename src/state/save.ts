import type { Effects, NewState } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { encodeFrame } from "../frames/frame.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { FrameRef } from "../model/frame.ts";
import type { Head } from "../model/head.ts";
import { newCheckpointId, type PipelineKey } from "../model/ids.ts";
import type { Policy } from "../model/pipeline.ts";
import type { Situation, Task } from "../model/task.ts";
import { checkpointAnswer } from "./checkpoints.ts";
import type { Committed } from "./commit.ts";
import { type Caller, type Core, loadHead } from "./core.ts";
import { countRun, learnSave } from "./learning.ts";
import { remindOfPruning, wantsLook } from "./remind.ts";
import { circumstances, decideToKeep } from "./standing.ts";
import { type Precondition, type Write, writeAtVersion } from "./write.ts";

export interface SaveInput {
  content: Uint8Array;
  contentType: string;
  caller: Caller;
  precondition?: Precondition;
  /** Whether a checkpoint is made in the same commit; `auto`: as the pipeline's policy says. */
  checkpoint: "auto" | "always" | "never";
  /** Of that checkpoint. */
  label?: string;
  situation?: Situation;
  /** What the pipeline is decided on by where it was registered with nothing of its own. */
  policy?: Policy;
  /** Tasks that ended since the last save, before the one of the situation. */
  earlier?: readonly Task[];
  /** What a replay is compared by, when it is not the content itself (a patch). */
  request?: readonly unknown[];
}

/** What a save is but for its content. */
type SaveFacts = Pick<SaveInput, "checkpoint" | "label" | "situation" | "earlier" | "policy">;

/** What a save answers: `SaveResult` of the HTTP contract, and what its status and headers need. */
export interface Saved {
  created: boolean;
  replayed: boolean;
  result: {
    pipelineId: string;
    version: number;
    bytes: number;
    storedBytes: number;
    sha256: string;
    savedAt: string;
    checkpoint: Checkpoint | null;
    decision: Decision | null;
  };
}

/**
 * Saves content as the pipeline's next version, and checkpoints it in the same commit when asked.
 *
 * @throws CairnError `precondition_failed`, `lease_held`, `fence_lost`, `pipeline_deleted`,
 *   `idempotency_mismatch`, `backend_unavailable`, `outcome_unknown`
 */
export async function saveState(core: Core, key: PipelineKey, input: SaveInput): Promise<Saved> {
  const contentSha256 = await sha256Hex(input.content);
  const { content, contentType } = input;
  const started = Date.now();
  const request = input.request ?? ["save", contentType, contentSha256, ...askedOf(input)];
  const write = saveWrite(key, { ...input, request });
  const committed = await writeAtVersion(core, write, input.precondition, async (version, writeId, known) => {
    const options = { ...core.frames, contentSha256, base: core.contents.get(key, version) };
    const { contentSha256: sha256, ...frame } = await encodeFrame(
      key,
      version + 1,
      writeId,
      content,
      options,
    );
    const state = { contentType, bytes: content.length, sha256, verified: true, frame };
    return saveEffects(core, key, input, state, known);
  });
  const { state } = committed.head;
  if (!committed.replayed && state?.version === committed.result.version)
    core.contents.put(key, state, content);
  return afterSave(core, key, input, committed, started);
}

/**
 * What a save leaves behind it, and its answer.
 *
 * @param started epoch milliseconds
 */
export async function afterSave(
  core: Core,
  key: PipelineKey,
  input: SaveFacts,
  committed: Committed,
  started: number,
): Promise<Saved> {
  const { head, result, replayed } = committed;
  if (!replayed) {
    const tasks = [...(input.earlier ?? []), ...(input.situation?.task ? [input.situation.task] : [])];
    learnSave(core, key, head, { bytes: result.content!.bytes, seconds: secondsSince(started), tasks });
    countRun(core, key, head);
  }
  if (result.checkpoint) await remindOfPruning(core, key, head);
  return savedAnswer(key, input, committed);
}

function secondsSince(started: number): number {
  return (Date.now() - started) / 1000;
}

/**
 * What of a save's request is compared besides its content. Without a label nothing stands for it, as in the
 * requests of releases that knew none.
 *
 * @throws CairnError `malformed` for a label of no checkpoint
 */
export function askedOf({ checkpoint, situation, label }: SaveFacts): unknown[] {
  const asked = [checkpoint, situation ?? null];
  if (label === undefined) return asked;
  if (checkpoint !== "never") return [...asked, label];
  const errors = [{ pointer: "label", message: "needs a checkpoint: auto or always" }];
  throw new CairnError("malformed", "label: needs a checkpoint: auto or always.", { errors });
}

/** What the policy says of a save that leaves it to it. */
async function decide(
  core: Core,
  key: PipelineKey,
  { checkpoint, situation, policy }: SaveFacts,
  { bytes, frame }: { bytes: number; frame: { ref: FrameRef } },
  known: Head | null,
): Promise<Decision | null> {
  if (checkpoint !== "auto") return null;
  const head = known ?? (await loadHead(core, key));
  // A save waits for one answer of the store: by what is known here.
  const knowledge = core.kinds.atHand(key.tenant, head?.kind ?? "default");
  const told = { stateBytes: bytes, ...situation };
  return decideToKeep(core, key, head, told, frame.ref, { knowledge, policy, now: Date.now() });
}

/** The write that a save is, before its content is looked at. */
export function saveWrite(
  key: PipelineKey,
  {
    caller,
    precondition,
    request,
  }: Pick<SaveInput, "caller" | "precondition"> & { request: readonly unknown[] },
): Write {
  const conditional = precondition !== undefined && precondition !== "absent";
  return {
    key,
    caller,
    request,
    expect: {
      create: precondition === "absent" ? "anew" : conditional ? "never" : "allowed",
      ...(precondition === undefined ? {} : { state: precondition === "absent" ? "absent" : "present" }),
    },
  };
}

/** The state, and a checkpoint of it when that is asked for or decided. */
export async function saveEffects(
  core: Core,
  key: PipelineKey,
  input: SaveFacts,
  content: Omit<NewState, "restoredFrom">,
  known: Head | null,
): Promise<Effects> {
  const { checkpoint: asked, situation, label } = input;
  const decision = await decide(core, key, input, content, known);
  const state = { ...content, restoredFrom: null };
  const effects: Effects = decision ? { state, note: decision } : { state };
  if (asked !== "always" && !decision?.checkpoint)
    return asked === "never" ? { ...effects, ...wantsLook(known, Date.now()) } : effects;
  return { ...effects, ...keptAs(situation, decision, label) };
}

/** The effects of a checkpoint of the state, for a reason. */
export function keptAs(
  situation: Situation | undefined,
  decision: Decision | null,
  label: string | null = null,
): Pick<Effects, "checkpoint" | "events"> {
  const checkpointId = newCheckpointId();
  const metadata = circumstances(situation, decision);
  return {
    checkpoint: { checkpointId, label, metadata, reason: decision?.reason ?? null },
    events: [{ type: "checkpointed", checkpointId }],
  };
}

export function savedAnswer(
  key: PipelineKey,
  { situation, label }: SaveFacts,
  { result, replayed }: Committed,
): Saved {
  const { bytes, storedBytes, sha256 } = result.content!;
  const decision = result.note as Decision | null;
  const metadata = circumstances(situation, decision);
  return {
    created: result.created,
    replayed,
    result: {
      pipelineId: key.pipelineId,
      ...{ version: result.version, bytes, storedBytes, sha256 },
      savedAt: result.at,
      checkpoint: checkpointAnswer(key, result, { label: label ?? null, metadata, source: "state" }),
      decision,
    },
  };
}

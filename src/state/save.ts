import type { Effects, NewState } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { encodeFrame } from "../frames/frame.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import type { Head } from "../model/head.ts";
import { newCheckpointId, type PipelineKey } from "../model/ids.ts";
import type { Situation } from "../model/task.ts";
import { checkpointAnswer } from "./checkpoints.ts";
import type { Committed } from "./commit.ts";
import { type Caller, type Core, loadHead } from "./core.ts";
import { decisionFor } from "./pipelines.ts";
import { remindOfPruning } from "./remind.ts";
import { type Precondition, type Write, writeAtVersion } from "./write.ts";

export interface SaveInput {
  content: Uint8Array;
  contentType: string;
  caller: Caller;
  precondition?: Precondition;
  /** Whether a checkpoint is made in the same commit; `auto`: as the pipeline's policy says. */
  checkpoint: "auto" | "always" | "never";
  situation?: Situation;
  /** What a replay is compared by, when it is not the content itself (a patch). */
  request?: readonly unknown[];
}

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
  const { content, contentType, checkpoint, situation } = input;
  const request = input.request ?? ["save", contentType, contentSha256, checkpoint, situation ?? null];
  const write = saveWrite(key, { ...input, request });
  const committed = await writeAtVersion(core, write, input.precondition, async (version, writeId, known) => {
    const decision = await decide(core, key, input, content.length, known);
    const options = { ...core.frames, contentSha256, base: core.contents.get(key, version) };
    const { contentSha256: sha256, ...frame } = await encodeFrame(
      key,
      version + 1,
      writeId,
      content,
      options,
    );
    const state = { contentType, bytes: content.length, sha256, verified: true, frame };
    return saveEffects(input, state, decision);
  });
  const { state } = committed.head;
  if (!committed.replayed && state?.version === committed.result.version)
    core.contents.put(key, state, content);
  if (committed.result.checkpoint) await remindOfPruning(core, key, committed.head);
  return savedAnswer(key, committed);
}

/** What the policy says of a save that leaves it to it. */
export async function decide(
  core: Core,
  key: PipelineKey,
  { checkpoint, situation }: Pick<SaveInput, "checkpoint" | "situation">,
  stateBytes: number,
  known: Head | null,
): Promise<Decision | null> {
  if (checkpoint !== "auto") return null;
  return decisionFor(known ?? (await loadHead(core, key)), { stateBytes, ...situation });
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
export function saveEffects(
  { checkpoint: asked }: Pick<SaveInput, "checkpoint">,
  content: Omit<NewState, "restoredFrom">,
  decision: Decision | null,
): Effects {
  const state = { ...content, restoredFrom: null };
  const effects: Effects = decision ? { state, note: decision } : { state };
  if (asked !== "always" && !decision?.checkpoint) return effects;
  const checkpointId = newCheckpointId();
  const checkpoint = { checkpointId, label: null, metadata: null, reason: decision?.reason ?? null };
  return { ...effects, checkpoint, events: [{ type: "checkpointed", checkpointId }] };
}

export function savedAnswer(key: PipelineKey, { result, replayed }: Committed): Saved {
  const { bytes, storedBytes, sha256 } = result.content!;
  return {
    created: result.created,
    replayed,
    result: {
      pipelineId: key.pipelineId,
      ...{ version: result.version, bytes, storedBytes, sha256 },
      savedAt: result.at,
      checkpoint: checkpointAnswer(key, result, { label: null, metadata: null, source: "state" }),
      decision: result.note as Decision | null,
    },
  };
}

import type { Effects } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { encodeFrame } from "../frames/frame.ts";
import type { Checkpoint, Decision } from "../model/checkpoint.ts";
import { newCheckpointId, type PipelineKey } from "../model/ids.ts";
import type { Situation } from "../model/task.ts";
import { checkpointAnswer } from "./checkpoints.ts";
import type { Committed } from "./commit.ts";
import { type Caller, type Core, loadHead } from "./core.ts";
import { decisionFor } from "./pipelines.ts";
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
  const write = saveWrite(key, input, contentSha256);
  const committed = await writeAtVersion(core, write, input.precondition, async (version, writeId, known) => {
    const head = input.checkpoint === "auto" ? (known ?? (await loadHead(core, key))) : known;
    const decision =
      input.checkpoint === "auto"
        ? decisionFor(head, { stateBytes: input.content.length, ...input.situation })
        : null;
    const options = { compression: core.compression, contentSha256 };
    const frame = await encodeFrame(key, version + 1, writeId, input.content, options);
    return saveEffects(input, frame, decision);
  });
  return savedAnswer(key, committed);
}

function saveWrite(key: PipelineKey, input: SaveInput, contentSha256: string): Write {
  const { contentType, checkpoint, situation, precondition } = input;
  const request = input.request ?? ["save", contentType, contentSha256, checkpoint, situation ?? null];
  const conditional = precondition !== undefined && precondition !== "absent";
  return {
    key,
    caller: input.caller,
    request,
    expect: {
      create: precondition === "absent" ? "anew" : conditional ? "never" : "allowed",
      ...(precondition === undefined ? {} : { state: precondition === "absent" ? "absent" : "present" }),
    },
  };
}

function saveEffects(
  input: SaveInput,
  frame: Awaited<ReturnType<typeof encodeFrame>>,
  decision: Decision | null,
): Effects {
  const { contentSha256: sha256, ...stored } = frame;
  const facts = { contentType: input.contentType, bytes: input.content.length, sha256 };
  const state = { ...facts, verified: true, restoredFrom: null, frame: stored };
  const effects: Effects = decision ? { state, note: decision } : { state };
  if (input.checkpoint !== "always" && !decision?.checkpoint) return effects;
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

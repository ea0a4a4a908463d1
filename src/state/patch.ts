import type { Commit } from "../backends/types.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { replayOf } from "./commit.ts";
import type { Core } from "./core.ts";
import { damagedState, requireLiving, type StateAttempt, tryState, wholeOf } from "./read.ts";
import { persistently } from "./retry.ts";
import { type Saved, type SaveInput, savedAnswer, saveState } from "./save.ts";
import { accepts, envelope, wrongVersion } from "./write.ts";

export interface PatchInput extends Omit<SaveInput, "content" | "contentType"> {
  /** The new content from the current one. @throws CairnError when it cannot be made */
  change: (content: Uint8Array, contentType: string) => Uint8Array;
  /** The patch by its media type and digest: what a replay is compared by. */
  request: readonly unknown[];
}

/**
 * Saves what `change` makes of the current state. Bound to the version it was made from: when another write
 * comes between, it is made anew, unless the caller insists on a version. Patches of one process take turns.
 *
 * @throws CairnError `not_found` without a state, what `change` throws, and what a save throws
 */
export async function patchState(core: Core, key: PipelineKey, input: PatchInput): Promise<Saved> {
  const { caller, request } = input;
  // One write id for all tries: a try whose outcome was unknown must be found again.
  const base = await envelope({ key, caller, request, expect: { create: "never" } });
  return core.inTurn(key, () => persistently(() => patchOnce(core, key, input, base)));
}

/** Null when another write came between. */
async function patchOnce(
  core: Core,
  key: PipelineKey,
  { change, ...save }: PatchInput,
  base: Pick<Commit, "writeId" | "digest">,
): Promise<Saved | null> {
  const found = await stateToChange(core, key);
  const { head, state } = found;
  const replay = replayOf(head, base);
  if (replay) return savedAnswer(key, save, replay);
  if (!found.ok) throw damagedState(found);
  const insisted = typeof save.precondition === "object";
  if (insisted && !accepts(save.precondition, head.version)) throw wrongVersion(head.version);
  const { contentType } = state;
  const content = change(await wholeOf(found.content), contentType);
  const caller = { ...save.caller, idempotencyKey: base.writeId };
  const precondition = { versions: [head.version] };
  return saveState(core, key, { ...save, caller, content, contentType, precondition }).catch((error) => {
    if (insisted || !(error instanceof CairnError) || error.code !== "precondition_failed") throw error;
    return null;
  });
}

/** The state, or why there is none: for a write, a deleted pipeline is not the same as a missing one. */
export function stateToChange(core: Core, key: PipelineKey): Promise<StateAttempt> {
  return tryState(core, key).catch(async (error: unknown) => {
    await requireLiving(core, key);
    throw error;
  });
}

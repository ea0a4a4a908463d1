import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { replayOf } from "./commit.ts";
import type { Core } from "./core.ts";
import { damagedState, requireLiving, type StateAttempt, tryState } from "./read.ts";
import { type Saved, type SaveInput, savedAnswer, saveState } from "./save.ts";
import { envelope } from "./write.ts";

export interface PatchInput extends Omit<SaveInput, "content" | "contentType"> {
  /** The new content from the current one. @throws CairnError when it cannot be made */
  change: (content: Uint8Array, contentType: string) => Uint8Array;
  /** The patch by its media type and digest: what a replay is compared by. */
  request: readonly unknown[];
}

const TRIES = 16;

/**
 * Saves what `change` makes of the current state. Bound to the version it was made from: when another write
 * comes between, it is made anew, unless the caller insists on a version.
 *
 * @throws CairnError `not_found` without a state, what `change` throws, and what a save throws
 */
export async function patchState(core: Core, key: PipelineKey, input: PatchInput): Promise<Saved> {
  const { change, ...save } = input;
  const { caller, precondition, request } = input;
  // One write id for all tries: a try whose outcome was unknown must be found again.
  const base = await envelope({ key, caller, request, expect: { create: "never" } });
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const found = await stateToChange(core, key);
    const { head, state } = found;
    const replay = replayOf(head, base);
    if (replay) return savedAnswer(key, replay);
    if (!found.ok) throw damagedState(found);
    if (typeof precondition === "object" && !precondition.versions.includes(head.version)) {
      const detail = `The state is at version ${head.version}.`;
      throw new CairnError("precondition_failed", detail, { version: head.version });
    }
    const next = change(found.content, state.contentType);
    const bound = { ...save, caller: { ...caller, idempotencyKey: base.writeId } };
    const versions = { versions: [head.version] };
    try {
      return await saveState(core, key, {
        ...bound,
        content: next,
        contentType: state.contentType,
        precondition: versions,
      });
    } catch (error) {
      const insisted = typeof precondition === "object";
      if (insisted || !(error instanceof CairnError) || error.code !== "precondition_failed") throw error;
    }
  }
  throw new CairnError("backend_unavailable", "The state changes too fast to patch it.", {
    retryAfterSeconds: 1,
  });
}

/** The state, or why there is none: for a write, a deleted pipeline is not the same as a missing one. */
function stateToChange(core: Core, key: PipelineKey): Promise<StateAttempt> {
  return tryState(core, key).catch(async (error: unknown) => {
    await requireLiving(core, key);
    throw error;
  });
}

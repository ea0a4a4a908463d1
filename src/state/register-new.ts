import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Settings } from "../model/pipeline.ts";
import type { PipelineView } from "../model/pipeline-view.ts";
import { pipelineView } from "../model/views.ts";
import { refusalError, replayOf, send } from "./commit.ts";
import { type Caller, type Core, loadHead } from "./core.ts";
import { checkWebhook } from "./webhook.ts";
import { envelope } from "./write.ts";

/**
 * Registers a pipeline that must not be there; a deleted one starts anew, its versions and fence going on.
 *
 * @throws CairnError `precondition_failed` when it is there, `idempotency_mismatch`, `malformed` when its webhook
 * may not be called
 */
export async function registerNewPipeline(
  core: Core,
  key: PipelineKey,
  settings: Settings,
  caller: Caller,
): Promise<{ pipeline: PipelineView; created: boolean; replayed: boolean }> {
  checkWebhook(core, settings);
  const request = ["register", settings];
  const base = await envelope({ key, caller, request, expect: { create: "anew" } });
  const known = await loadHead(core, key);
  const replay = known && replayOf(known, base);
  if (replay) return { pipeline: pipelineView(replay.head), created: replay.result.created, replayed: true };
  if (known && !known.deleted) throw new CairnError("precondition_failed", "The pipeline is there already.");
  const expect = { ...base.expect, revision: known?.revision ?? 0 };
  const outcome = await send(core, { ...base, expect, effects: { settings } });
  if (!outcome.ok) throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
  const { head, result, replayed } = outcome;
  return { pipeline: pipelineView(head), created: result.created, replayed };
}
